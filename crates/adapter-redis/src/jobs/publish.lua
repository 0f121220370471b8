-- ARGV: for each job its urgency (1 to 3), its delay in ms, its body.
ensure()
local now = now_ms()
for place = 1, #ARGV, 3 do
  local urgency, wait, body = tonumber(ARGV[place]), tonumber(ARGV[place + 1]), ARGV[place + 2]
  if wait > 0 then
    delay(now + wait, urgency, 0, body)
  else
    add(urgency, 0, body)
  end
end
return #ARGV / 3
