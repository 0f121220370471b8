-- What users do: join, show themselves, leave; and who is called.

local function end_place(place, reason)
  if remove_slot(place) then note_departure() end
  leave_deck(place)
  end_member(place)
  head.ended[reason] = head.ended[reason] + 1
end

local function is_overdue(place, found)
  if not s.grace or slot(place) or is_on_deck(place) then return false end
  local called = called_at(place)
  if not called then return false end
  local seen = head.origin + (found.seen + 1) * SEEN_STEP
  return head.clock - max(called, seen) > s.grace * 1000
end

local function sit(place)
  see(place)
  if place <= head.deck_to and not slot(place) then sit_on_deck(place) end
end

local function give_place(user)
  local refusal
  if s.mode == 'draining' then refusal = 1
  elseif s.mode == 'closed' then refusal = 2
  elseif head.issued == 4294967295 then refusal = 3 end
  if refusal then
    head.refused = head.refused + 1
    return nil, refusal
  end
  local no_line = s.presence and head.ripe_to == head.issued and on_deck < deck_target()
  head.issued = head.issued + 1
  put_member(head.issued, user, 0, seen_step())
  note_given(head.issued, user, 0)
  if no_line then level(head.issued) end
  return head.issued
end

-- The place, and whether it was there before; or nothing, and why.
local function join(user, renew)
  local place = find(user)
  if place then
    local found = member(place)
    if is_overdue(place, found) then
      end_place(place, 3)
      place = nil
    else
      head.duplicates = head.duplicates + 1
      if renew then
        local generation = min(found.generation + 1, 16383)
        update_member(place, generation, found.seen)
        note_given(place, user, generation)
        if slot(place) then marked[place] = true end
      else
        -- Whoever asks again may have had no answer: then nobody has written the place down.
        note_given(place, user, found.generation)
      end
      sit(place)
      return place, true
    end
  end
  local given, refusal = give_place(user)
  if not given then return nil, refusal end
  if given <= head.deck_to then sit_on_deck(given) end
  return given, false
end

-- Whether a place of which nothing is known may have been lost with the memory of a server. What
-- was read back from the book of places is known.
local function may_be_lost(place)
  return place > max(head.lost_from, head.known_to or 0) and place <= head.lost_to
end

-- A place whose record was lost with the memory of a server: its token says whose it is.
local function recall(place, user, generation)
  if not user or not may_be_lost(place) then return nil end
  local other = find(user)
  if other then
    if other < place or slot(other) then return nil end
    leave_deck(other)
    end_member(other)
  end
  put_member(place, user, generation, seen_step())
  note_given(place, user, generation)
  return member(place)
end

local function touch(place, user, generation)
  local found = member(place) or recall(place, user, generation)
  local gone
  if not found then gone = 1
  elseif user and user ~= found.user then gone = 2
  elseif generation ~= found.generation then gone = 3
  elseif is_overdue(place, found) then
    end_place(place, 3)
    gone = 4
  end
  if gone then
    head.refused = head.refused + 1
    return nil, gone
  end
  sit(place)
  return place
end

local function leave(user, meant, reason)
  local place = find(user)
  if not place or (meant and meant ~= place) then return -1 end
  end_place(place, reason)
  return place
end

local function extend(place, wanted)
  local found = slot(place)
  if not found then return -1 end
  local from = min(head.clock, found.called + (s.claim + s.ttl) * 1000)
  local deadline = max(min(wanted, from + s.extension * 1000), found.deadline)
  if deadline > found.deadline then
    found.deadline, found.claimed = deadline, true
    put_slot(place, found)
  end
  return deadline
end

local function expire()
  while true do
    local deadline, place = first_due()
    if not deadline or deadline > head.clock then break end
    if slot(place).claimed then
      end_place(place, 3)
    else
      remove_slot(place)
      note_departure()
      see(place)
      head.no_shows = head.no_shows + 1
    end
  end
  if head.phantoms and head.clock >= head.phantom_until then head.phantoms = nil end
end

local function is_admitting()
  if s.mode == 'paused' or s.mode == 'closed' then return false end
  return not s.presence or head.clock >= head.rest_until
end

local function ripe_on_deck()
  local first = first_on_deck()
  if first and first <= head.ripe_to then return first end
end

local function next_candidate()
  local first = ripe_on_deck()
  if first or s.presence then return first end
  while head.deck_to < head.issued do
    level(head.deck_to + 1)
    -- After a heal somebody may be inside whom the line has not come to.
    if member(head.deck_to) and not slot(head.deck_to) then return head.deck_to end
  end
end

local function call_in(place, admitted)
  local user = member(place).user
  if call('SISMEMBER', base .. 'inside', user) == 1 then
    head.refused = head.refused + 1
    return end_place(place, 4)
  end
  local deadline = head.clock + s.claim * 1000
  leave_deck(place)
  put_slot(place, { user = user, called = head.clock, deadline = deadline, claimed = false })
  spend()
  head.called_to = max(head.called_to, place)
  head.admitted = head.admitted + 1
  if inside > (s.active_max or NOBODY) then head.overshoot = head.overshoot + 1 end
  local first = first_on_deck()
  if first and first < place then head.disorder = head.disorder + 1 end
  admitted[#admitted + 1] = { place, deadline, user }
end

local function ready_at()
  local somebody = ripe_on_deck() or (not s.presence and head.deck_to < head.issued)
  if not somebody or not is_admitting() then return nil end
  local free_at = head.clock
  if slots_free() == 0 then free_at = first_due() end
  return free_at and max(free_at, credit_at())
end

local function admit()
  local admitted = {}
  while is_admitting() and slots_free() > 0 and credit_at() <= head.clock do
    local place = next_candidate()
    if not place then
      head.called_to = max(head.called_to, head.ripe_to)
      break
    end
    call_in(place, admitted)
  end
  head.ready_at = ready_at()
  return admitted
end

-- A called user who has just been told is inside.
local function claim(place)
  local found = slot(place)
  if found and not found.claimed then
    found.deadline, found.claimed = head.clock + s.ttl * 1000, true
    put_slot(place, found)
  end
end
