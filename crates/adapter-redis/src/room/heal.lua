-- Opening a room, and what is done after the server lost its memory or a part of it.
--
-- What the instances saw is put together again: numbers that may have been given are not given
-- again, places come back with the tokens of their users, and who is inside from the copies that
-- the instances have. Until each instance that was there has brought its own, as many slots stay
-- taken as may have been lost, so the limit holds.

local MARGIN = 100000

local function open(now)
  if not load() then
    create(now, ARGV[3], ARGV[4], ARGV[5])
    head.life, head.run_id = ARGV[6], server()
  end
  note_peer(ARGV[7])
  save()
  return { 'OK', head.life }
end

-- Nothing of the rate that may have been spent is spent again.
local function empty_bank()
  local rate = s.rate
  if not rate then return end
  if rate.grid then
    head.grid_origin = head.grid_origin or head.clock
    head.cell, head.used = cell_now(rate), rate.users
  elseif distance_ns(rate) < step_ns(rate) then
    set_due(step_ns(rate))
  end
end

-- The room as the instance saw it, without anybody in it: the server knows nothing of them.
local function adopt(known)
  local gaps = known.gaps
  head = known
  s = head.settings
  inside, on_deck = 0, 0
  local issued, deck_to, ripe_to, called_to = head.issued, head.deck_to, head.ripe_to, head.called_to
  forget_line()
  fresh_line()
  head.issued, head.deck_to, head.ripe_to, head.called_to = issued, deck_to, ripe_to, called_to
  head.ripe_next, head.gaps = ripe_to, gaps
  head.low, head.high = nil, nil
end

local function begin_life(known, has_head, now)
  if not has_head then
    adopt(known)
  elseif known and known.epoch > head.epoch then
    forget_everybody()
    adopt(known)
    has_head = false
  end
  local kept = has_head and head.issued or 0
  if has_head then call('DEL', base .. 'deck', base .. 'heard') end
  on_deck = 0
  if known and known.epoch == head.epoch and has_head then
    head.issued = max(head.issued, known.issued)
    head.deck_to = max(head.deck_to, known.deck_to)
    head.ripe_to = max(head.ripe_to, known.ripe_to)
    head.rev, head.turn = max(head.rev, known.rev), max(head.turn, known.turn)
    if known.settings_rev > head.settings_rev then
      change(known.settings, known.json, known.json_open)
      head.settings_rev = known.settings_rev
    end
  end
  head.clock = max(head.clock, now)
  head.ripe_next = head.ripe_to
  head.ripen_at = head.clock + head.pace.react
  head.moved_at, head.carry = head.clock, 0
  head.gaps[#head.gaps + 1] = { head.issued, head.issued + MARGIN }
  head.issued = head.issued + MARGIN
  head.lost_from, head.lost_to = kept, head.issued
  head.rev, head.turn = head.rev + 1000000, head.turn + 1000000
  head.changed_floor = head.rev
  call('DEL', base .. 'changed')
  empty_bank()
  rest()
  head.phantoms, head.pending = nil, {}
  local peers = (known or head).peers
  for name in pairs(peers) do head.pending[name] = true end
end

-- Somebody was inside when the instance last looked.
local function bring_back(place, user, generation, called, deadline, claimed)
  if deadline <= head.clock or slot(place) then return end
  if call('SISMEMBER', base .. 'inside', user) == 1 then return end
  local found = member(place)
  if not found then
    if place <= head.lost_from or place > head.lost_to then return end
    local other = find(user)
    if other then
      leave_deck(other)
      end_member(other)
    end
    put_member(place, user, generation, seen_step())
  elseif found.user ~= user then
    return
  end
  put_slot(place, { user = user, called = called, deadline = deadline, claimed = claimed })
  if head.phantoms then head.phantoms = max(head.phantoms - 1, 0) end
end

local function heal(now)
  local instance, life, seen_life, turn = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
  local known = ARGV[7] ~= '' and cmsgpack.unpack(ARGV[7]) or nil
  local has_head = load()
  if not has_head and not known then return { 'EMPTY' } end
  local lost = not has_head or head.run_id ~= server() or (known and head.turn < turn)
  if lost then
    begin_life(known, has_head, now)
    head.life, head.run_id = life, server()
  end
  head.clock = max(head.clock, now)
  if known and known.epoch == head.epoch then
    local blob = ARGV[8]
    for at = 1, #blob, 43 do
      local place, generation, called, deadline, claimed = struct.unpack('>I8Hi8i8B', blob, at + 16)
      bring_back(place, string.sub(blob, at, at + 15), generation, called, deadline, claimed == 1)
    end
  end
  if lost and s.active_max then
    head.phantoms = max(s.active_max - inside, 0)
    head.phantom_until = head.clock + (s.ttl + s.claim + s.extension) * 1000
  end
  head.pending[instance] = nil
  if next(head.pending) == nil then head.phantoms = nil end
  save()
  return { 'OK', head.life, lost and 1 or 0, head.phantoms or 0 }
end

local time = call('TIME')
local now = ARGV[2] == '' and time[1] * 1000000 + time[2] or tonumber(ARGV[2])
if ARGV[1] == 'exchange' then return exchange(now) end
if ARGV[1] == 'open' then return open(now) end
return heal(now)
