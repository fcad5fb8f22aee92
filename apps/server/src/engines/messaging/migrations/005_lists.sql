-- additive
-- The list of one scene's deliveries, and of those that went wrong or are still under way: few among very many.
CREATE INDEX messaging_delivery_by_scene ON messaging_delivery (tenant_id, scene_id, id);
CREATE INDEX messaging_delivery_unfinished ON messaging_delivery (tenant_id, state, id) WHERE state <> 'delivered';
