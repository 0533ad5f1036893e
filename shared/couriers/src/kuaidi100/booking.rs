//! Booking a courier who collects a parcel at the library and takes it to a reader (商家寄件), or books at a reader's door and takes them to
//! the library: for the platform both are one thing, with the two ends exchanged.
//!
//! Here the request is written, for the caller to post to [`PATH`]; what comes back is read by [`outcome`](super::outcome).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use serde_json::Value;
use yujie_domain::Carried;

use super::{Credentials, form, sign};

/// Where bookings and cancellations are posted, below the platform's address, as `application/x-www-form-urlencoded`.
pub const PATH: &str = "/order/borderapi.do";

/// A request to collect and deliver one parcel or return.
#[derive(Clone)]
pub struct Booking {
    /// Ours, and with `attempt` the idempotency key: within 48 hours the same key gets the first booking's reply.
    pub carried: Carried,
    /// How many bookings of it were cancelled before: the next one is another, and must not get the reply of those.
    pub attempt: u8,
    /// The carrier's code on the platform, such as `shunfeng`.
    pub carrier: String,
    /// Where it is collected: the library for a parcel, the reader for a return.
    pub sender: Contact,
    /// Where it goes.
    pub recipient: Contact,
    /// What is in the box, as the waybill shows it.
    pub cargo: String,
    /// Its weight in started kilograms.
    pub weight_kg: u16,
    /// A word to the courier.
    pub remark: Option<String>,
    /// When to come. Some carriers (SF) insist on it.
    pub pickup: Option<Pickup>,
    /// Where news about the booking go; at most 200 bytes.
    pub booking_callback: String,
    /// Where pushes about the parcel go; at most 200 bytes.
    pub push_callback: String,
}

/// One end of the way.
#[derive(Clone)]
pub struct Contact {
    /// Who is there.
    pub name: String,
    /// A mobile or landline number.
    pub phone: String,
    /// The whole address, from the province to the door.
    pub address: String,
}

/// When the courier may come to collect.
#[derive(Debug, Clone, Copy)]
pub struct Pickup {
    /// On which day.
    pub day: PickupDay,
    /// From this Shanghai time.
    pub from: Time,
    /// Until this one, at least an hour later.
    pub until: Time,
}

/// The days for which a courier can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickupDay {
    /// 今天
    Today,
    /// 明天
    Tomorrow,
    /// 后天
    DayAfterTomorrow,
}

impl Booking {
    /// The idempotency key: the number of the parcel or return, from the second booking on with `-R` and the attempt. At most 25 characters; the
    /// platform takes 32. No number of another looks like it.
    pub fn third_order_id(&self) -> String {
        let number = self.carried.no();
        match self.attempt {
            0 => number,
            again => format!("{number}-R{again}"),
        }
    }

    /// The request's body, as of `now`.
    pub fn form(&self, credentials: &Credentials, now: Timestamp) -> String {
        let text = |text: &str| Some(text.to_owned());
        let hour = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let param = [
            ("thirdOrderId", Some(self.third_order_id())),
            ("kuaidicom", text(&self.carrier)),
            ("sendManName", text(&self.sender.name)),
            ("sendManMobile", text(&self.sender.phone)),
            ("sendManPrintAddr", text(&self.sender.address)),
            ("recManName", text(&self.recipient.name)),
            ("recManMobile", text(&self.recipient.phone)),
            ("recManPrintAddr", text(&self.recipient.address)),
            ("cargo", text(&self.cargo)),
            ("weight", Some(self.weight_kg.to_string())),
            ("remark", self.remark.clone()),
            ("payment", text("SHIPPER")),
            ("dayType", self.pickup.map(|pickup| pickup.day.name().to_owned())),
            ("pickupStartTime", self.pickup.map(|pickup| hour(pickup.from))),
            ("pickupEndTime", self.pickup.map(|pickup| hour(pickup.until))),
            ("callBackUrl", text(&self.booking_callback)),
            // Follow the parcel as well, and tell advanced states and places (resultv2 4).
            ("op", text("1")),
            ("pollCallBackUrl", text(&self.push_callback)),
            ("resultv2", text("4")),
            ("salt", text(credentials.salt.expose())),
        ];
        request("bOrder", param, credentials, now)
    }
}

impl PickupDay {
    fn name(self) -> &'static str {
        match self {
            Self::Today => "今天",
            Self::Tomorrow => "明天",
            Self::DayAfterTomorrow => "后天",
        }
    }
}

impl fmt::Debug for Booking {
    /// Neither people nor addresses: those of the callbacks hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booking")
            .field("number", &self.third_order_id())
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// A signed request: the signature covers `param` as the very text that is sent.
pub(super) fn request<const N: usize>(
    method: &str,
    param: [(&str, Option<String>); N],
    credentials: &Credentials,
    now: Timestamp,
) -> String {
    let given = param.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    signed(method, &Value::Object(given.collect()).to_string(), credentials, now)
}

fn signed(method: &str, param: &str, credentials: &Credentials, now: Timestamp) -> String {
    let t = now.as_millisecond().to_string();
    let (key, secret) = (credentials.key.expose(), credentials.secret.expose());
    let sign = sign::sign(&[param, &t, key, secret]);
    form::encode(&[("method", method), ("key", key), ("t", &t), ("param", param), ("sign", &sign)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn a_request_is_signed_as_the_platform_signs_it() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/kuaidi100.json")).unwrap();
        let text = |name: &str| vectors["booking"][name].as_str().unwrap();
        let credentials = Credentials {
            key: Secret::new(text("key")),
            secret: Secret::new(text("secret")),
            salt: Secret::new("unused"),
        };
        let now = Timestamp::from_millisecond(text("t").parse().unwrap()).unwrap();

        let form = signed(text("method"), text("param"), &credentials, now);

        assert!(form.ends_with(&format!("&sign={}", text("sign"))));
    }
}
