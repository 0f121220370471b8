//! The same story for the embedded room and for shared ones. The embedded room is the model: every
//! answer, every counter, every pass and the log of admissions have to be the same.

use super::{Chance, Story, TestClock, size};
use admitone_app::Trouble;
use admitone_app::ports::shared_room::{Exchanged, SharedPass, SharedRoom, SharedRooms};
use admitone_app::waiting_room::{
    Admission, Batch, Gone, Outcome, Place, Room, RoomSettings, SettingsProblem,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The room that is told the stories.
const ROOM: u32 = 7;
/// An instance is started anew whenever so many batches were told.
const WORDS_PER_START: u64 = 400;

/// A shared room and the instances that have a way to it. They are asked in turns.
pub struct Side {
    name: &'static str,
    settings: RoomSettings,
    instances: Vec<Instance>,
    admissions: Vec<Admission>,
}

/// A way to a room, and who is inside as it was told over time.
struct Instance {
    rooms: Arc<dyn SharedRooms>,
    way: Box<dyn SharedRoom>,
    inside: BTreeMap<Place, SharedPass>,
}

/// Where a room is not the one that the model is.
#[derive(Debug)]
pub struct Difference {
    /// Which room.
    pub side: &'static str,
    /// After how many batches.
    pub word: u64,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} differs at word {}: {}", self.side, self.word, self.what)
    }
}

/// What happened in a story, so that nothing is compared that never happens.
#[derive(Debug, Default, Clone, Copy)]
pub struct Happened {
    /// How many commands there were; nothing to say is a tick, which is one too.
    pub commands: u64,
    /// How many were admitted.
    pub admitted: u64,
    /// How many resets there were.
    pub epochs: u64,
    /// How many did not come when they were called.
    pub no_shows: u64,
    /// How many came too late to a place that was passed.
    pub passed: u64,
    /// How often a share of present users was told.
    pub shown: u64,
    /// How often an interval of waiting time was told.
    pub stretched: u64,
}

/// A story that is told to the model and to the sides.
pub struct Comparison<'a> {
    /// The model, fresh, with the settings of the sides.
    model: Room,
    /// The rooms that are compared with it.
    sides: Vec<Side>,
    /// The time that all of them have.
    clock: &'a TestClock,
    /// Chance of the story.
    chance: Chance,
    /// The story.
    story: Story,
}

impl Instance {
    async fn start(rooms: Arc<dyn SharedRooms>, settings: &RoomSettings) -> Result<Self, Trouble> {
        let way = rooms.open(ROOM, settings).await?;
        Ok(Self { rooms, way, inside: BTreeMap::new() })
    }
}

impl Side {
    /// A room that is opened by so many instances.
    pub async fn open(
        name: &'static str,
        instances: impl IntoIterator<Item = Arc<dyn SharedRooms>>,
        settings: &RoomSettings,
    ) -> Result<Self, Trouble> {
        let settings = settings.clone();
        let mut side = Self { name, settings, instances: Vec::new(), admissions: Vec::new() };
        for rooms in instances {
            let opened = Instance::start(rooms, &side.settings).await?;
            side.instances.push(opened);
        }
        Ok(side)
    }

    async fn ask(&mut self, word: u64, batch: &Batch) -> Result<(Exchanged, usize), Trouble> {
        let index = usize::try_from(word).unwrap_or(0) % self.instances.len();
        if word.is_multiple_of(WORDS_PER_START) {
            let rooms = Arc::clone(&self.instances[index].rooms);
            self.instances[index] = Instance::start(rooms, &self.settings).await?;
        }
        let instance = &mut self.instances[index];
        let told = instance.way.exchange(batch).await?;
        if told.passes.is_whole {
            instance.inside.clear();
        }
        for (place, pass) in &told.passes.changed {
            match pass {
                Some(pass) => instance.inside.insert(*place, *pass),
                None => instance.inside.remove(place),
            };
        }
        self.admissions.extend(told.outcome.admitted_now.iter().copied());
        Ok((told, index))
    }
}

impl<'a> Comparison<'a> {
    /// A story of a seed.
    ///
    /// # Errors
    /// The settings cannot be.
    pub fn new(
        seed: u64,
        chance: Chance,
        settings: RoomSettings,
        clock: &'a TestClock,
        sides: Vec<Side>,
    ) -> Result<Self, SettingsProblem> {
        let model = Room::new(ROOM, settings, clock.now_us())?;
        Ok(Self { model, sides, clock, chance, story: Story::new(seed) })
    }

    /// Tells so many commands of the story.
    ///
    /// # Errors
    /// The first difference.
    pub async fn run(&mut self, commands: u64) -> Result<Happened, Difference> {
        let (mut happened, mut word) = (Happened::default(), 0);
        let mut admissions = Vec::new();
        while happened.commands < commands {
            word += 1;
            let batch = self.story.next(&mut self.chance, self.clock, &self.model);
            happened.commands += size(&batch).max(1);
            if batch == Batch::default() && !self.model.is_restless() {
                // Nothing is asked and nobody is there: a room need not notice.
                continue;
            }
            let mut expected = self.model.exchange(self.clock.now_us(), &batch);
            expected.records.clear();
            admissions.extend(expected.admitted_now.iter().copied());
            self.tell(word, &batch, &expected).await?;
            happened.count(&expected);
        }
        let differs = self.sides.iter().find(|side| side.admissions != admissions);
        if let Some(side) = differs {
            return Err(Difference { side: side.name, word, what: "the log of admissions".into() });
        }
        let totals = self.model.gauges().totals;
        happened.epochs = u64::from(self.model.snapshot().epoch) - 1;
        (happened.admitted, happened.no_shows) = (totals.admitted_total, totals.no_show_total);
        Ok(happened)
    }

    /// Asks every side, and compares.
    async fn tell(
        &mut self,
        word: u64,
        batch: &Batch,
        expected: &Outcome,
    ) -> Result<(), Difference> {
        for side in &mut self.sides {
            let name = side.name;
            let differs = |what: String| Difference { side: name, word, what };
            let asked = side.ask(word, batch).await;
            let (told, index) = asked.map_err(|trouble| differs(trouble.to_string()))?;
            if told.outcome != *expected {
                let (told, batch) = (&told.outcome, batch);
                return Err(differs(format!("asked {batch:?}\ntold {told:?}\nnot {expected:?}")));
            }
            if told.gauges != self.model.gauges() {
                let (told, model) = (&told.gauges, self.model.gauges());
                return Err(differs(format!("gauges {told:?}, not {model:?}")));
            }
            if told.settings != *self.model.settings() {
                return Err(differs(format!("settings {:?}", told.settings)));
            }
            check_inside(&side.instances[index].inside, &self.model).map_err(differs)?;
        }
        Ok(())
    }
}

impl Happened {
    fn count(&mut self, outcome: &Outcome) {
        let snapshot = &outcome.snapshot;
        self.shown += u64::from(snapshot.show_permille.is_some());
        self.stretched += u64::from(snapshot.stretch.is_some());
        let passed = outcome.touched.iter().filter(|told| **told == Err(Gone::Passed));
        self.passed += passed.count() as u64;
    }

    /// Both stories together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            commands: self.commands + other.commands,
            admitted: self.admitted + other.admitted,
            epochs: self.epochs + other.epochs,
            no_shows: self.no_shows + other.no_shows,
            passed: self.passed + other.passed,
            shown: self.shown + other.shown,
            stretched: self.stretched + other.stretched,
        }
    }

    /// Whether everything that can happen did.
    pub fn is_everything(&self) -> bool {
        let Self { admitted, epochs, no_shows, passed, shown, stretched, .. } = *self;
        [admitted, epochs, no_shows, passed, shown, stretched].iter().all(|count| *count > 0)
    }
}

/// The passes as told over time are those of the model.
fn check_inside(inside: &BTreeMap<Place, SharedPass>, model: &Room) -> Result<(), String> {
    let gauges = model.gauges();
    let counted = gauges.active_called + gauges.active_claimed;
    if inside.len() as u64 != counted {
        return Err(format!("{} are inside, not {counted}", inside.len()));
    }
    for (place, pass) in inside {
        let (told, member) = ((pass.deadline_us, pass.is_claimed), (pass.user, pass.generation));
        if model.pass(*place) != Some(told) || model.member(*place) != Some(member) {
            return Err(format!("the pass {place:?}: {pass:?}"));
        }
    }
    Ok(())
}
