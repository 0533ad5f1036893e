//! How often codes are asked for and passwords are tried, and who is refused (docs/decisions/0025-sign-in-limits.md). A limit is decided by the
//! condition of a write, before a hash is computed or an SMS is sent, and by what was typed: whether there is such a card changes nothing.

use jiff::Timestamp;
use yujie_runtime::{Problem, Source};
use yujie_table::tally::{self, Allowance, Taken};
use yujie_table::tries;

use crate::App;

/// Codes that are asked for from one place: more than a school on the day of its readers' cards, and less than an SMS bill that hurts.
const CODES: Allowance = Allowance { hour: 300, day: 1_000 };
/// Tries of passwords and codes that fail, from one place: a hundred people behind one address mistype as often.
const FAILED: Allowance = Allowance { hour: 100, day: 500 };
/// Tries of one card or login from places that are not known to it, all together: many more than its owner needs, too few to guess.
const OF_A_STRANGER: Allowance = Allowance { hour: 60, day: 200 };

/// Who is said to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'a> {
    /// A reader, by what was typed as the number of a card.
    Card(&'a str),
    /// A member of staff, by what was typed as a login.
    Login(&'a str),
}

impl Name<'_> {
    fn hash(self, app: &App) -> String {
        match self {
            // Those who type spaces try the same card.
            Self::Card(typed) => app.edge.keys.hash("tries of card", typed.trim()),
            Self::Login(typed) => app.edge.keys.hash("tries of login", typed.trim()),
        }
    }
}

/// A try of a password that may be looked at. It counts as failed until it succeeds.
#[derive(Debug)]
pub(crate) struct Admitted {
    name: String,
    from: Counted,
    taken: tries::Taken,
}

/// One more failure from a place.
#[derive(Debug)]
pub(crate) struct Counted {
    place: String,
    at: Timestamp,
}

/// Lets a code be sent, as far as the place is concerned from which it was asked for.
pub(crate) async fn allow_code(app: &App, source: &Source) -> Result<(), Problem> {
    let hash = app.edge.keys.hash("codes from", &source.place);
    refuse(tally::take(&app.table, &hash, CODES, app.edge.clock.now()).await?)
}

/// Counts a failure from a place before it is known whether it is one.
pub(crate) async fn count_failure(app: &App, source: &Source) -> Result<Counted, Problem> {
    let (place, at) = (app.edge.keys.hash("failed from", &source.place), app.edge.clock.now());
    refuse(tally::take(&app.table, &place, FAILED, at).await?)?;
    Ok(Counted { place, at })
}

/// Lets a password be looked at: by the place, by the name from this place, and by the name from all places that it does not know.
pub(crate) async fn admit(app: &App, name: Name<'_>, source: &Source) -> Result<Admitted, Problem> {
    let from = count_failure(app, source).await?;
    let name = name.hash(app);
    match admitted(app, &name, &from).await {
        Ok(taken) => Ok(Admitted { name, from, taken }),
        Err(refused) => {
            // Nothing is looked at, so that nothing fails: who cannot wait does not use up what others behind the address may do.
            from.give_back(app).await?;
            Err(refused)
        }
    }
}

async fn admitted(app: &App, name: &str, from: &Counted) -> Result<tries::Taken, Problem> {
    let taken = tries::take(&app.table, name, &from.place, from.at).await?.map_err(Problem::too_often)?;
    // Where its owner has signed in before, what strangers do elsewhere is no obstacle.
    if !taken.tries.is_known() {
        refuse(tally::take(&app.table, name, OF_A_STRANGER, from.at).await?)?;
    }
    Ok(taken)
}

impl Admitted {
    /// The password was right: nothing has failed, and the place is known.
    pub(crate) async fn succeeded(self, app: &App) -> Result<(), Problem> {
        tries::succeed(&app.table, &self.name, &self.from.place, Some(&self.taken), self.from.at).await?;
        self.from.give_back(app).await
    }
}

impl Counted {
    /// It was no failure.
    pub(crate) async fn give_back(self, app: &App) -> Result<(), Problem> {
        Ok(tally::give_back(&app.table, &self.place, self.at).await?)
    }

    /// It was no failure, and proved by a phone whose card that is: the place is known, and nothing has failed from it.
    pub(crate) async fn proved(self, app: &App, name: Name<'_>) -> Result<(), Problem> {
        tries::succeed(&app.table, &name.hash(app), &self.place, None, self.at).await?;
        self.give_back(app).await
    }
}

fn refuse(taken: Taken) -> Result<(), Problem> {
    match taken {
        Taken::Now => Ok(()),
        Taken::Wait(wait) => Err(Problem::too_often(wait)),
    }
}
