//! What readers are told of their places in queues.

use jiff::Timestamp;
use yujie_domain::{ReaderId, TitleId, telling};
use yujie_table::hold;
use yujie_table::notice::About;

use crate::{App, NoticeError};

/// Tells that a wait has become hopeless, if it is still going on and nothing else was found since `at`.
pub(crate) async fn tell_hopeless(
    app: &App,
    rid: &ReaderId,
    title_id: &TitleId,
    since: Timestamp,
    at: Timestamp,
) -> Result<(), NoticeError> {
    let own = hold::get(&app.table, title_id, since, rid).await?;
    if own.and_then(|own| own.hopeless) != Some(at) {
        tracing::warn!(title.id = %title_id, "suppressed: the wait is over, or there is hope again");
        return Ok(());
    }
    let about = About::Wait { title_id: title_id.clone() };
    crate::tell(app, rid, about, at, &telling::wait_hopeless()).await
}
