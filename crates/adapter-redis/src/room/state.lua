-- A room's state: a head of some hundred bytes, who has which place, who is inside, the deck.
-- The rules are those of the embedded room, step by step; what is written here once more is
-- compared with it command by command. Times are in microseconds, which a double holds exactly.
local base = KEYS[1]
local CHUNK, ENTRY, ENDED, BUCKETS = 1000, 20, 65535, 16384
local SEEN_STEP, STEP_CALLED, TICK = 32000000, 30000000, 250000
local NOBODY = 9007199254740992
local floor, max, min = math.floor, math.max, math.min
local call = redis.call

local head, s -- the head, and the settings in it
local inside, on_deck -- how many are inside, and on the deck
local marked = {} -- places whose pass changed in this exchange
local given, gone = {}, {} -- what is written down elsewhere: places that were given, and that ended

local function pad(place) return string.format('%010d', place) end

-- Who has which place: twenty bytes a user, in strings of a thousand places.

local function bucket_of(user)
  local a, b, c, d, e, f, g, h = string.byte(user, 1, 8)
  local i, j, k, l, m, n, o, p = string.byte(user, 9, 16)
  local sum = a + b * 31 + c * 961 + d * 29791 + e * 923521 + f * 28629151
  sum = sum + g * 37 + h * 1369 + i * 50653 + j * 1874161 + k * 69343957
  sum = sum + l * 41 + m * 1681 + n * 68921 + o * 2825761 + p * 115856201
  return base .. 'u:' .. sum % BUCKETS
end

local function chunk_of(place)
  local slot = place - 1
  return base .. 'm:' .. floor(slot / CHUNK), 4 + (slot % CHUNK) * ENTRY
end

local function member(place)
  if place < 1 or place > head.issued then return nil end
  local key, at = chunk_of(place)
  local entry = call('GETRANGE', key, at, at + ENTRY - 1)
  if #entry < ENTRY then return nil end
  local generation, seen = struct.unpack('>HH', entry, 17)
  if seen == ENDED then return nil end
  return { user = string.sub(entry, 1, 16), generation = generation, seen = seen }
end

local function live_in(key)
  local live = call('GETRANGE', key, 0, 3)
  return #live == 4 and struct.unpack('>I4', live) or 0
end

local function put_member(place, user, generation, seen)
  local key, at = chunk_of(place)
  local live = live_in(key)
  if live == 0 then
    -- Of its full size at once: grown bit by bit it would take twice as much. Nobody is in it.
    local last = string.rep('\255', ENTRY)
    call('SET', key, string.rep('\0', 4) .. string.rep(last, CHUNK))
  end
  call('SETRANGE', key, at, user .. struct.pack('>HH', generation, seen))
  call('SETRANGE', key, 0, struct.pack('>I4', live + 1))
  call('HSET', bucket_of(user), user, string.format('%d', place))
  head.live = head.live + 1
end

local function update_member(place, generation, seen)
  local key, at = chunk_of(place)
  call('SETRANGE', key, at + 16, struct.pack('>HH', generation, seen))
end

local function note_given(place, user, generation) given[#given + 1] = { place, generation, user } end

local function end_member(place)
  local found = member(place)
  if not found then return end
  gone[#gone + 1] = place
  call('HDEL', bucket_of(found.user), found.user)
  local key = chunk_of(place)
  local live = live_in(key)
  if live <= 1 then
    call('DEL', key)
  else
    update_member(place, found.generation, ENDED)
    call('SETRANGE', key, 0, struct.pack('>I4', live - 1))
  end
  head.live = head.live - 1
end

local function find(user)
  local place = call('HGET', bucket_of(user), user)
  return place and tonumber(place)
end

local function seen_step()
  return min(max(floor((head.clock - head.origin) / SEEN_STEP), 0), ENDED - 1)
end

local function see(place)
  local found = member(place)
  local step = seen_step()
  if found and found.seen < step then update_member(place, found.generation, step) end
end

local function forget_everybody()
  if head.issued <= 20000 then
    for place = 1, head.issued do end_member(place) end
  else
    for bucket = 0, BUCKETS - 1 do call('UNLINK', base .. 'u:' .. bucket) end
  end
  for chunk = 0, floor(head.issued / CHUNK) do call('UNLINK', base .. 'm:' .. chunk) end
end

-- Who is inside. The number of slots in use is the size of the set.

local function slot(place)
  local found = call('HGET', base .. 'slots', place)
  if not found then return nil end
  local called, deadline, claimed = struct.unpack('>i8i8B', found, 17)
  local user = string.sub(found, 1, 16)
  return { user = user, called = called, deadline = deadline, claimed = claimed == 1 }
end

local function remove_slot(place)
  local found = slot(place)
  if not found then return nil end
  marked[place] = true
  call('HDEL', base .. 'slots', place)
  call('ZREM', base .. 'due', pad(place))
  call('SREM', base .. 'inside', found.user)
  if found.claimed then head.claimed = head.claimed - 1 end
  inside = inside - 1
  return found
end

local function put_slot(place, new)
  remove_slot(place)
  marked[place] = true
  local packed = struct.pack('>i8i8B', new.called, new.deadline, new.claimed and 1 or 0)
  call('HSET', base .. 'slots', place, new.user .. packed)
  call('ZADD', base .. 'due', string.format('%d', new.deadline), pad(place))
  call('SADD', base .. 'inside', new.user)
  if new.claimed then head.claimed = head.claimed + 1 end
  inside = inside + 1
end

local function first_due()
  local first = call('ZRANGE', base .. 'due', 0, 0, 'WITHSCORES')
  if not first[1] then return nil end
  return tonumber(first[2]), tonumber(first[1])
end

-- The deck: places in order, and when each was last heard of.

local function sit_on_deck(place)
  on_deck = on_deck + call('ZADD', base .. 'deck', place, pad(place))
  call('ZADD', base .. 'heard', string.format('%d', head.clock), pad(place))
end

local function leave_deck(place)
  on_deck = on_deck - call('ZREM', base .. 'deck', pad(place))
  call('ZREM', base .. 'heard', pad(place))
end

local function is_on_deck(place) return call('ZSCORE', base .. 'deck', pad(place)) and true end

local function first_on_deck()
  local first = call('ZRANGE', base .. 'deck', 0, 0)[1]
  return first and tonumber(first)
end

local function rank(place) return call('ZCOUNT', base .. 'deck', '-inf', '(' .. place) end

local function sweep_deck(since)
  local silent = call('ZRANGEBYSCORE', base .. 'heard', '-inf', '(' .. string.format('%d', since))
  for _, place in ipairs(silent) do leave_deck(tonumber(place)) end
end

-- When the line passed a place.

local function called_at(place)
  local at = call('ZRANGEBYSCORE', base .. 'called', place, '+inf', 'LIMIT', 0, 1)[1]
  return at and tonumber(at)
end

local function write_called(to)
  local key = base .. 'called'
  call('ZADD', key, to, string.format('%d', head.clock))
  head.called_last_at, head.called_last_to = head.clock, to
  if not s.grace then return end
  while true do
    local second = call('ZRANGE', key, 1, 1)[1]
    if not second or head.clock - tonumber(second) <= s.grace * 1000 then return end
    call('ZREMRANGEBYRANK', key, 0, 0)
  end
end
