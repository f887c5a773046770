-- Rejects the change that Argo CD shows. From then on it is shown with that, and Argo CD's account
-- approves it no more.
local pending = obj.status ~= nil and obj.status.pending or nil
if pending == nil or pending.digest == nil then
  error("no change waits for an answer", 0)
end
local reason = "rejected in Argo CD"
if actionParams ~= nil and actionParams["reason"] ~= nil and actionParams["reason"] ~= "" then
  reason = actionParams["reason"]
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["ram.alibabacloud.com/reject"] = pending.digest .. " " .. reason
return obj
