-- additive
-- Contact details have a permission of their own now. Roles that showed people showed them, too.
UPDATE access_role SET permissions = array_append(permissions, 'audience:contacts')
WHERE 'audience:read' = ANY (permissions) AND NOT 'audience:contacts' = ANY (permissions);
