-- Approves the change that Argo CD shows. If it moved meanwhile, the digest is an old one, and the
-- operator does not honour it.
local pending = obj.status ~= nil and obj.status.pending or nil
if pending == nil or pending.digest == nil then
  error("no change waits for an approval", 0)
end
if pending.rejected ~= nil then
  error("the change was rejected, so that only a person approves it, by kubectl ram: "
    .. pending.rejected, 0)
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["ram.alibabacloud.com/approve"] = pending.digest
return obj
