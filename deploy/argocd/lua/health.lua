-- Health of RamRole, RamPolicy, RamUser, RamGroup and RamAccount. Decides in the order of kstatus
-- (deleted, seen, reconciling, stalled, ready), except that what waits for a person's decision is
-- Suspended and not Degraded. Runs without Lua's string library, as Argo CD has it by default.
local function health(status, message)
  return { status = status, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "Pending deletion")
end
if obj.status == nil or obj.status.conditions == nil then
  return health("Progressing", "Waiting for the operator to look")
end

local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local function is_true(kind)
  return found[kind] ~= nil and found[kind].status == "True"
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Waiting for the operator to look at the latest edit")
end
local ready = found["Ready"]
if ready == nil then
  return health("Progressing", "Waiting for the operator to look")
end
if is_true("Reconciling") then
  return health("Progressing", ready.message)
end

-- Somebody decided that nothing happens for now.
local paused = { Suspended = true, ObserveOnly = true }
-- Nobody decided that what is critical may go on unseen.
if ready.reason == "Suspended" and is_true("Drifted") then
  for _, entry in ipairs(obj.status.drift or {}) do
    if entry.severity == "critical" then
      return health("Degraded", ready.message)
    end
  end
end
if paused[ready.reason] then
  return health("Suspended", ready.message)
end
-- A change that was rejected, or that nobody can approve, needs more than an approval.
local hopeless = { ApprovalRejected = true, AdmissionPolicyMissing = true }
if ready.reason == "ApprovalRequired" and is_true("ApprovalRequired") then
  local held = found["ApprovalRequired"]
  if hopeless[held.reason] then
    return health("Degraded", held.message)
  end
  return health("Suspended", held.message)
end
if is_true("Drifted") or is_true("Stalled") then
  return health("Degraded", ready.message)
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
