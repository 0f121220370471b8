-- ARGV: after how many ms a silent consumer is not counted.
ensure()
local now, silent_ms = now_ms(), tonumber(ARGV[1])
local waiting, running, oldest = 0, 0, -1
local consumers = {}
for _, stream in ipairs(streams) do
  local pending = redis.call('XPENDING', stream, group)[1]
  running = running + pending
  waiting = waiting + redis.call('XLEN', stream) - pending
  local first = redis.call('XRANGE', stream, '(' .. last_delivered(stream), '+', 'COUNT', 1)[1]
  if first then oldest = math.max(oldest, now - tonumber(first[1]:match('^%d+'))) end
  for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    local name, idle
    for at = 1, #info, 2 do
      if info[at] == 'name' then name = info[at + 1] end
      if info[at] == 'idle' then idle = info[at + 1] end
    end
    if idle <= silent_ms and name ~= 'left' then consumers[name] = true end
  end
end
local alive = 0
for _ in pairs(consumers) do alive = alive + 1 end
local minute = 0
for slot = 1, 6 do
  minute = minute + tonumber(redis.call('GET', base .. 'done:' .. (math.floor(now / 10000) - slot)) or 0)
end
local count = function(name) return tonumber(redis.call('HGET', counts, name) or 0) end
return {
  waiting, running, redis.call('ZCARD', delayed), redis.call('XLEN', dead), count('done'),
  count('retries'), minute, oldest, alive, redis.call('EXISTS', base .. 'paused'),
}
