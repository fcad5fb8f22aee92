-- additive
-- Entries are looked for by whoever really acted, too.
CREATE INDEX kit_audit_entry_by_impersonator ON kit_audit_entry (tenant_id, impersonator_id, id)
  WHERE impersonator_id IS NOT NULL;
