//! An order that is to go somewhere else.

use yujie_domain::hold::Wherever;
use yujie_domain::order::Obstacle;
use yujie_domain::parcel::{Command, LineStatus, Outcome, Refusal};
use yujie_domain::{OrderNo, ReaderId};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, order};

use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// Why an order was not redirected.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// The reader has no such order.
    #[error("no such order")]
    NotFound,
    /// It has left the library, or part of it has; or nothing is left of it. How far it is.
    #[error("too late")]
    TooLate(LineStatus),
    /// It cannot go there.
    #[error("it cannot go there")]
    Obstacle(Obstacle),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for RedirectError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Sends a reader's order to another address or site, up to the first 出库 scan of its parcels: an order is promised as a whole. What was
    /// promised stays promised; a courier who was booked for the old place is called off.
    ///
    /// # Errors
    /// [`RedirectError`]; then nothing was changed.
    pub async fn redirect(
        &self,
        rid: &ReaderId,
        order_no: &OrderNo,
        to: &Wherever,
    ) -> Result<Order, RedirectError> {
        for _ in 0..TRIES {
            let order = order::get(&self.table, rid, order_no).await?.ok_or(RedirectError::NotFound)?;
            let open: Vec<_> = order.parcels.iter().filter(|parcel| parcel.status().is_live()).collect();
            if let Some(farthest) = order
                .parcels
                .iter()
                .map(yujie_domain::parcel::Parcel::status)
                .max()
                .filter(|_| open.is_empty())
            {
                return Err(RedirectError::TooLate(farthest));
            }
            let there = |destination| order.head.destination == destination;
            let parcels = if open.iter().any(|parcel| parcel.takes_place)
                && there(match to {
                    Wherever::Site { site_id } => {
                        yujie_domain::parcel::Destination::Site { site_id: site_id.clone() }
                    }
                    Wherever::Home { .. } => yujie_domain::parcel::Destination::Home,
                }) {
                0
            } else {
                u16::try_from(open.len()).unwrap_or(u16::MAX)
            };
            let found = self.destination(rid, to, parcels).await?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            if let Some(obstacle) = found.target.obstacle.clone() {
                return Err(RedirectError::Obstacle(obstacle));
            }
            if let Some(division) =
                found.target.division.as_ref().filter(|division| work.rules.zone(division).is_none())
            {
                return Err(RedirectError::Obstacle(Obstacle::OutOfZone { division: division.clone() }));
            }
            let command = Command::Redirect {
                destination: found.target.destination.clone(),
                promised_by: order.head.promised_by,
                takes_place: found.capacity().is_some(),
            };
            let mut next_parcels = Vec::new();
            for parcel in &order.parcels {
                match parcel.decide(&command, work.now) {
                    _ if parcel.status().is_void() => next_parcels.push(parcel.clone()),
                    Ok(Outcome::Changed(next)) => {
                        work.give_back_place(parcel);
                        work.take_place(&next);
                        work.store(&next)?;
                        next_parcels.push(*next);
                    }
                    Ok(Outcome::Already) => next_parcels.push(parcel.clone()),
                    Err(Refusal::TooLate { .. }) => return Err(RedirectError::TooLate(parcel.status())),
                    Err(refusal) => return Err(Fault::Unsound(refusal.to_string()).into()),
                }
            }
            let head = Head {
                destination: found.target.destination.clone(),
                recipient: found.sealed(self, rid, order_no)?,
                version: order.head.version + 1,
                ..order.head
            };
            work.write(order::replace(&head)?);
            if work.commit().await? {
                return Ok(Order { head, parcels: next_parcels });
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }
}
