//! A house that runs already: what it must have before it is asked for anything, since it can be told
//! nothing, and what is known of it.

use super::{Lodging, Settings};
use crate::Trouble;
use crate::faults::must_be_possible;
use crate::target::{As, Target, Visit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asked of a route of the reference systems: whoever has it allows no such method, and nothing is done.
const REFERENCE: (&str, &str) = ("DELETE /queue/issue", "--reference-routes");
const BENCH: (&str, &str) = ("GET /bench/noop", "--bench-routes");

impl Settings {
    /// A house that runs already cannot be told anything.
    fn must_need_no_flags(&self) -> Result<(), Trouble> {
        let flags = self.recipe.flags(&self.with);
        if flags.is_empty() {
            return Ok(());
        }
        let (name, flags) = (self.recipe.about().name, flags.join(" "));
        Err(Trouble::Impossible(format!(
            "{name} with these parameters needs a house of its own, started with `{flags}`: leave out \
             `--url`, or set what asks for it otherwise"
        )))
    }

    /// Refuses a house that answers nothing of what the workload asks: that would look as if it had
    /// failed.
    async fn must_be_answered(&self, targets: &[Target]) -> Result<(), Trouble> {
        let (recipe, name) = (self.recipe, self.recipe.about().name);
        let wanted =
            [(REFERENCE, recipe.about().reference_routes), (BENCH, recipe.needs_bench_routes())];
        for target in targets {
            for ((ask, flag), _) in wanted.iter().filter(|(_, is_wanted)| *is_wanted) {
                let mut visit = Visit::begin(target.address).await?;
                if visit.exchange(ask, As::Nobody, None, None).await?.status == MISSING {
                    return Err(Trouble::Impossible(format!(
                        "{name} asks for what http://{} does not serve: start it with `{flag}`, or \
                         leave out `--url` for a house of the laboratory",
                        target.address
                    )));
                }
            }
        }
        Ok(())
    }
}

const MISSING: u16 = 404;

impl Lodging {
    /// Goes to a house that runs already.
    pub(super) fn elsewhere(settings: &Settings, targets: &[Target]) -> Result<Self, Trouble> {
        must_be_possible(&settings.faults, None, &[])?;
        settings.must_need_no_flags()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("looking at the house"))?;
        runtime.block_on(settings.must_be_answered(targets))?;
        runtime.block_on(must_be_one_house(targets))?;
        let version = targets.first().and_then(|first| runtime.block_on(version(first)));
        Ok(Self {
            crew: None,
            targets: targets.to_vec(),
            services: Vec::new(),
            known: Arc::default(),
            versions: version.map(|version| ("admitone".to_owned(), version)).into_iter().collect(),
            proxies: Arc::default(),
            store: "as the house has it".to_owned(),
        })
    }
}

/// Refuses whoever does not know an account of the first: an instance of another house, which would refuse all
/// that it is asked, and do no wrong.
async fn must_be_one_house(targets: &[Target]) -> Result<(), Trouble> {
    let [first, others @ ..] = targets else { return Ok(()) };
    if others.is_empty() {
        return Ok(());
    }
    let account = Visit::begin(first.address).await?.account("bench").await?;
    for other in others {
        let who = As::Bearer(&account.token);
        let said = match Visit::begin(other.address).await?.get(who, "/api/v1/users/me").await {
            Ok(_) => continue,
            Err(said @ Trouble::Answer { status: 401 | 404, .. }) => said,
            Err(trouble) => return Err(trouble),
        };
        let (first, second) = (first.address, other.address);
        return Err(Trouble::Impossible(format!(
            "http://{first} and http://{second} are no instances of one house, as several --url must \
             be: the first opened an account that the second does not know ({said})"
        )));
    }
    Ok(())
}

/// Which version a house says that it is; nothing of one that does not say.
async fn version(target: &Target) -> Option<String> {
    let mut visit = Visit::begin(target.address).await.ok()?;
    let described = visit.get(As::Nobody, "/api/v1/openapi.json").await.ok()?;
    described["info"]["version"].as_str().map(str::to_owned)
}

/// What is known of versions where the house is elsewhere: its own is what it says, and the build that is
/// known is that of the generator.
pub(super) fn versions(
    mut said: BTreeMap<String, String>,
    build: &str,
) -> BTreeMap<String, String> {
    let ours = env!("CARGO_PKG_VERSION");
    said.insert("generator".to_owned(), format!("the generator is admitone {ours}, {build}"));
    said
}
