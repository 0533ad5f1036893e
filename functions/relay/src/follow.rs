//! What follows from a batch of changes: a pure reading of old and new images.

use std::collections::BTreeSet;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use jiff::Timestamp;
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::import::ImportStatus;
use yujie_domain::parcel::{Destination, LineStatus, Parcel, Warning};
use yujie_domain::payment::{Payment, State};
use yujie_domain::returning::{State as ReturnState, Step as ReturnStep};
use yujie_domain::timeline::Step;
use yujie_domain::trial::Status;
use yujie_domain::{Carried, ReturnRef, SiteId, TitleId};
use yujie_runtime::message::{
    CollectionMessage, Fact, ImportMessage, PaymentMessage, StepMessage, TrialMessage,
};
use yujie_table::{
    Image, TableError, availability, bulk, copy, courier_event, hold, import, kind_of, lending, parcel,
    payment, returning, title, trial,
};

use crate::send::Queue;

/// Everything that follows from a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// Work for the steps.
    pub steps: Vec<(Queue, StepMessage)>,
    /// Returns for which a courier has something to do.
    pub collections: Vec<CollectionMessage>,
    /// Facts for the notices.
    pub facts: Vec<Fact>,
    /// Titles whose record, free copies' sites or loans changed.
    pub index: BTreeSet<TitleId>,
    /// Titles that have a copy for somebody, or somebody for a copy.
    pub holds: BTreeSet<TitleId>,
    /// Imports that have a next part.
    pub imports: Vec<ImportMessage>,
    /// Payments about which something is to be done at the payment platform.
    pub payments: Vec<PaymentMessage>,
    /// Trials of rules that were asked for.
    pub trials: Vec<TrialMessage>,
    /// Titles whose copies became free or taken.
    pub recount: BTreeSet<TitleId>,
}

impl Follow {
    /// Whether nothing follows.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads a batch. An image that is not what its kind says is logged and left out: it would never become readable, and the changes
/// behind it are other readers' books.
pub fn of_batch(event: Event) -> Follow {
    let mut follow = Follow::default();
    for record in event.records {
        if let Err(error) = of_record(record, &mut follow) {
            tracing::error!(%error, "a change cannot be read; nothing follows from it");
        }
    }
    follow
}

fn of_record(record: EventRecord, follow: &mut Follow) -> Result<(), TableError> {
    let old = Some(record.change.old_image).filter(|image| !image.inner().is_empty());
    let new = Some(record.change.new_image).filter(|image| !image.inner().is_empty());
    let Some(kind) = new.as_ref().or(old.as_ref()).and_then(kind_of) else {
        return Ok(());
    };
    match kind.as_str() {
        "parcel" => of_parcel(old, new, follow),
        "copy" => of_copy(old, new, follow),
        "hold" => of_hold(old, new, follow),
        "return" => of_return(old, new, follow),
        "courier_event" => of_courier_event(old.as_ref(), new, follow),
        "title" => of_title(old, new, follow),
        "availability" => of_availability(old, new, follow),
        "lending" => of_lending(old, new, follow),
        "import" => of_import(old, new, follow),
        "payment" => of_payment(old, new, follow),
        "trial" => of_trial(old.as_ref(), new, follow),
        // Other kinds are written for their readers alone; nothing follows from them.
        _ => Ok(()),
    }
}

/// A parcel that came so far that the next step has work, and the steps that its reader is told of.
fn of_parcel(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.map(parcel::of_image).transpose()? else {
        return Ok(());
    };
    let old = old.map(parcel::of_image).transpose()?;
    let before = old.as_ref().map(Parcel::status);
    // A reader's change of mind leaves a courier to be called off, or a packed parcel to be booked anew.
    let revoked = new.revoked.is_some() && old.as_ref().is_none_or(|old| old.revoked.is_none());
    let unbooked = new.status() == LineStatus::Packed
        && new.booking.is_none()
        && old.as_ref().is_some_and(|old| old.booking.is_some() || old.attempt != new.attempt);
    if revoked || unbooked {
        follow.steps.push((Queue::Dispatch, StepMessage { parcel: new.at.clone() }));
    }
    let told = told_besides(old.as_ref(), &new);
    follow.facts.extend(told.map(|step| Fact::ParcelStep { parcel: new.at.clone(), step }));
    follow.collections.extend(delivery_for_return(old.as_ref(), &new));
    // What waited for a payment is taken on when it is paid, and not before.
    let paid = old.as_ref().is_some_and(|old| old.unpaid) && !new.unpaid;
    if paid && new.status() == LineStatus::Reserved {
        follow.steps.push((Queue::Accept, StepMessage { parcel: new.at.clone() }));
    }
    if before == Some(new.status()) {
        return Ok(());
    }
    let next = match new.status() {
        LineStatus::Reserved => (!new.unpaid).then_some(Queue::Accept),
        LineStatus::Accepted => Some(Queue::Sort),
        LineStatus::Picked => Some(Queue::Pack),
        LineStatus::Packed => Some(Queue::Dispatch),
        LineStatus::Dispatched
        | LineStatus::Delivering
        | LineStatus::ReadyForPickup
        | LineStatus::Delivered
        | LineStatus::Collected
        | LineStatus::Recalled
        | LineStatus::Cancelled
        | LineStatus::Uncollected => None,
    };
    follow.steps.extend(next.map(|queue| (queue, StepMessage { parcel: new.at.clone() })));
    follow
        .facts
        .extend(steps_between(before, &new).map(|step| Fact::ParcelStep { parcel: new.at.clone(), step }));
    Ok(())
}

/// What its reader is told of that is no step of the parcel's own: what a closing of its site made of it, and that it is late.
fn told_besides(old: Option<&Parcel>, new: &Parcel) -> impl Iterator<Item = Step> {
    let before = old.map_or(0, |old| old.closings.len());
    let closings: BTreeSet<Step> =
        new.closings.iter().skip(before).map(|closing| Step::of_closing(&closing.effect)).collect();
    let is_broken = |parcel: &Parcel| parcel.warned == Some(Warning::Broken);
    let broken = is_broken(new) && !old.is_some_and(is_broken);
    closings.into_iter().chain(broken.then_some(Step::PromiseBroken))
}

/// The return that a parcel's carrier takes along, when the parcel has left, or does not come to the door any more.
fn delivery_for_return(old: Option<&Parcel>, new: &Parcel) -> Option<CollectionMessage> {
    let decided = |parcel: &Parcel| {
        parcel.status() >= LineStatus::Dispatched || parcel.destination != Destination::Home
    };
    let no = new.takes_back.clone().filter(|_| decided(new) && !old.is_some_and(decided))?;
    Some(CollectionMessage { returning: ReturnRef { rid: new.at.rid.clone(), no } })
}

/// A return for which a courier is to be booked or called off.
fn of_return(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.map(returning::of_image).transpose()? else {
        return Ok(());
    };
    let old = old.map(returning::of_image).transpose()?;
    let asked = old.is_none() && new.waits_for_courier();
    let called_off = new.call_off && old.as_ref().is_none_or(|old| !old.call_off);
    if asked || called_off {
        follow.collections.push(CollectionMessage { returning: new.at.clone() });
    }
    let known = old.as_ref().map_or(0, |old| old.history.len());
    let told = |step: ReturnStep| match step {
        ReturnStep::CourierBooked | ReturnStep::NoDelivery | ReturnStep::GivenBack => true,
        // Books are checked in one by one; that all are in is told once.
        ReturnStep::Back => new.state() == ReturnState::Back,
        ReturnStep::Booked | ReturnStep::Arrived | ReturnStep::Cancelled => false,
    };
    // Books that took a step together are one fact.
    let steps: BTreeSet<(Timestamp, ReturnStep)> = new
        .history
        .iter()
        .skip(known)
        .map(|entry| (entry.at, entry.step))
        .filter(|(_, step)| told(*step))
        .collect();
    let fact = |(at, step)| Fact::ReturnStep { returning: new.at.clone(), step, at };
    follow.facts.extend(steps.into_iter().map(fact));
    Ok(())
}

/// The steps that a parcel reached since it was at `before`. A courier's news may carry it over several at once.
fn steps_between(before: Option<LineStatus>, parcel: &Parcel) -> impl Iterator<Item = Step> {
    let now = parcel.status();
    // Of a parcel that came to nothing only that is told, and not even that to a reader who cancelled it.
    let end = match now {
        LineStatus::Uncollected => Some(Step::Uncollected),
        LineStatus::Cancelled if parcel.was_given_up() => Some(Step::Cancelled),
        LineStatus::Reserved
        | LineStatus::Accepted
        | LineStatus::Picked
        | LineStatus::Packed
        | LineStatus::Dispatched
        | LineStatus::Delivering
        | LineStatus::ReadyForPickup
        | LineStatus::Delivered
        | LineStatus::Collected
        | LineStatus::Recalled
        | LineStatus::Cancelled => None,
    };
    let way = LineStatus::ALL
        .into_iter()
        .filter(move |status| before.is_none_or(|before| *status > before) && *status <= now)
        .filter(|status| parcel.history.iter().any(|entry| entry.step == *status))
        .filter_map(Step::of);
    way.filter(move |_| now.is_live()).chain(end)
}

/// A copy that became free, was taken, or is free at another place.
fn of_copy(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    if old.is_none() && new.as_ref().is_some_and(bulk::is_bulk) {
        return Ok(());
    }
    let old = old.map(copy::of_image).transpose()?;
    let new = new.map(copy::of_image).transpose()?;
    let free_at = |copy: &Option<Copy>| -> Option<SiteId> {
        copy.as_ref().filter(|copy| copy.status == CopyStatus::Available).map(|copy| copy.site.clone())
    };
    if free_at(&new).is_some() && free_at(&old).is_none() {
        follow.holds.extend(new.as_ref().map(|copy| copy.title_id.clone()));
    }
    if free_at(&old) != free_at(&new) || old.is_some() != new.is_some() {
        follow.recount.extend([old, new].into_iter().flatten().map(|copy| copy.title_id));
    }
    Ok(())
}

/// A hold that came or changed: there may be a copy for it. And one that was found to be hopeless.
fn of_hold(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.map(hold::of_image).transpose()? else {
        return Ok(());
    };
    let old = old.map(hold::of_image).transpose()?;
    let known = old.and_then(|old| old.hopeless);
    if let Some(at) = new.hopeless.filter(|at| known != Some(*at)) {
        let (rid, title_id, since) = (new.rid.clone(), new.title_id.clone(), new.since);
        follow.facts.push(Fact::HoldHopeless { rid, title_id, since, at });
    }
    follow.holds.insert(new.title_id);
    Ok(())
}

/// A courier's push that was not stored before.
fn of_courier_event(old: Option<&Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    if let (None, Some(new)) = (old, new) {
        match courier_event::carried_by(new)? {
            Carried::Parcel(parcel) => follow.steps.push((Queue::Deliver, StepMessage { parcel })),
            Carried::Return(returning) => follow.collections.push(CollectionMessage { returning }),
        }
    }
    Ok(())
}

/// A title that came, changed or went. What the importer writes is left alone: it builds the index itself. What goes always counts.
fn of_title(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let image = match new {
        Some(new) => Some(new).filter(|image| !bulk::is_bulk(image)),
        None => old,
    };
    if let Some(image) = image {
        follow.index.insert(title::id_of(image)?);
    }
    Ok(())
}

/// Other sites at which a title is free. How many copies are free at one of them, the index does not say.
fn of_availability(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.filter(|image| !bulk::is_bulk(image)) else {
        return Ok(());
    };
    let old = old.map(availability::of_image).transpose()?;
    let (title, now) = availability::of_image(new)?;
    if old.is_none_or(|(_, before)| before.free_at != now.free_at) {
        follow.index.insert(title);
    }
    Ok(())
}

/// A title's loans, counted anew. The index ranks by all that ever began; those of a month are for the shelves alone.
fn of_lending(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some((title, now)) = new.map(lending::of_image).transpose()? else {
        return Ok(());
    };
    let before = old.map(lending::of_image).transpose()?.map(|(_, before)| before.total);
    if before != Some(now.total) {
        follow.index.insert(title);
    }
    Ok(())
}

/// An import that began, came further, or is asked for once more, and is not at its end.
fn of_import(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.map(import::of_image).transpose()? else {
        return Ok(());
    };
    let before = old.map(import::of_image).transpose()?.map(|old| old.version);
    if new.status() == ImportStatus::Running && before != Some(new.version) {
        follow.imports.push(ImportMessage { import_id: new.id, version: new.version });
    }
    Ok(())
}

/// A payment that is not wanted any more, or of which something is to go back.
fn of_payment(old: Option<Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    let Some(new) = new.map(payment::of_image).transpose()? else {
        return Ok(());
    };
    let old = old.map(payment::of_image).transpose()?;
    let unwanted = |payment: &Payment| matches!(payment.state, State::Lapsed { closed: false });
    let lapsed = unwanted(&new) && !old.as_ref().is_some_and(unwanted);
    let refunds = old.as_ref().map_or(0, |old| old.refunds.len());
    if lapsed || new.refunds.len() > refunds {
        follow.payments.push(PaymentMessage { rid: new.rid.clone(), payment_no: new.no() });
    }
    Ok(())
}

/// A trial of rules that was asked for.
fn of_trial(old: Option<&Image>, new: Option<Image>, follow: &mut Follow) -> Result<(), TableError> {
    if let (None, Some(new)) = (old, new) {
        let asked = trial::of_image(new)?;
        if asked.status() == Status::Running {
            follow.trials.push(TrialMessage { trial_id: asked.id });
        }
    }
    Ok(())
}
