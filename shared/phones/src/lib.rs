//! The way to phones: Amazon SNS where it sends SMS, else Alibaba Cloud or Tencent Cloud, whichever the stack's account is at. Whoever
//! tells a reader something need not know which.
//!
//! Nothing is repeated here: a message that may have been taken is looked for with [`Phones::was_taken`] before it is sent again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use yujie_domain::Mobile;
use yujie_domain::telling::Telling;
use yujie_runtime::outbound::{Answer, Outbound};
use yujie_runtime::{Clients, Clock, Entropy, StartError, Vars, clients};
use yujie_sms::{Account, Cause, Message, Nonce, Params, Query, Reference, Refusal, SignedRequest};

/// How long a provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest value that every provider takes, in characters. A longer one, such as a site's name, is cut.
const LONGEST: usize = 35;

/// The way to phones.
#[derive(Debug, Clone)]
pub struct Phones(Arc<Way>);

#[derive(Debug)]
enum Way {
    Sns(aws_sdk_sns::Client),
    Cloud(Box<Cloud>),
}

#[derive(Debug)]
struct Cloud {
    account: Account,
    platform: Outbound,
    clock: Clock,
    entropy: Entropy,
}

/// Where a function finds the way to phones.
#[derive(Debug)]
pub struct Settings {
    secret: String,
    url: Option<String>,
}

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It was surely not taken, and may be later.
    #[error("not taken now: {0}")]
    Later(String),
    /// Nobody knows: [`Phones::was_taken`] may tell.
    #[error("perhaps taken: {0}")]
    Perhaps(String),
    /// This number, or this message, never: to be told otherwise.
    #[error("never taken: {0}")]
    Never(String),
}

impl Settings {
    /// Reads the environment: `SMS_SECRET_ID`, where the account at a provider is, an empty object for SNS; and `SMS_URL`, when the provider
    /// is to be asked elsewhere than at its own address. Missing variables are noted in `vars`.
    pub fn read(vars: &mut Vars) -> Self {
        Self { secret: vars.required("SMS_SECRET_ID"), url: vars.optional("SMS_URL") }
    }

    /// Opens the way.
    ///
    /// # Errors
    /// [`StartError`] when the account is not there or not readable.
    pub async fn open(
        self,
        clients: &Clients,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Phones, StartError> {
        let secret = clients.secret(&self.secret).await?;
        if secret.trim() == "{}" {
            return Ok(Phones::sns(clients.sns()));
        }
        let account = Account::parse(&secret).map_err(|_| StartError::Shape("SMS_SECRET_ID"))?;
        let url = self.url.unwrap_or_else(|| account.provider().base().to_owned());
        Ok(Phones::cloud(account, &url, clock.clone(), entropy.clone()))
    }
}

impl Phones {
    /// Through SNS.
    pub fn sns(client: aws_sdk_sns::Client) -> Self {
        Self(Arc::new(Way::Sns(client)))
    }

    /// Through the account's provider, at `url`.
    pub fn cloud(account: Account, url: &str, clock: Clock, entropy: Entropy) -> Self {
        let platform = Outbound::new(url, PATIENCE);
        Self(Arc::new(Way::Cloud(Box::new(Cloud { account, platform, clock, entropy }))))
    }

    /// Sends a message. `reference` is our name for it: 1 to 64 letters, digits, `-`, `_`, `.` and `:`.
    ///
    /// # Errors
    /// [`NotSent`].
    pub async fn send(&self, to: &Mobile, telling: &Telling, reference: &str) -> Result<(), NotSent> {
        match &*self.0 {
            Way::Sns(client) => {
                let asked = client.publish().phone_number(to.e164()).message(telling.text()).send().await;
                // What was sent and not answered may have been taken.
                asked.map(drop).map_err(|error| {
                    let failure = clients::failure(&error);
                    if error.as_service_error().is_some() {
                        NotSent::Later(failure)
                    } else {
                        NotSent::Perhaps(failure)
                    }
                })
            }
            Way::Cloud(cloud) => cloud.send(to, telling, reference).await,
        }
    }

    /// Whether a message that was first sent at `since` was taken then. SNS keeps no list that could be asked: there, nobody knows, and
    /// the answer is no.
    ///
    /// # Errors
    /// [`NotSent::Later`] when the provider does not tell.
    pub async fn was_taken(&self, to: &Mobile, reference: &str, since: Timestamp) -> Result<bool, NotSent> {
        match &*self.0 {
            Way::Sns(_) => Ok(false),
            Way::Cloud(cloud) => cloud.was_taken(to, reference, since).await,
        }
    }
}

impl Cloud {
    async fn send(&self, to: &Mobile, telling: &Telling, reference: &str) -> Result<(), NotSent> {
        let template = self.account.template(telling.template());
        let template = template.ok_or_else(|| {
            NotSent::Later(format!("the account has no template {}: see docs/notices.md", telling.template()))
        })?;
        let values: Vec<_> = telling.values().map(|(name, value)| (name, cut(value))).collect();
        let params = Params::new(values.iter().map(|(name, value)| (*name, value.as_str())));
        let message = Message {
            to: to.clone(),
            template: template.clone(),
            params: params.map_err(|invalid| NotSent::Never(invalid.to_string()))?,
            reference: parsed(reference)?,
        };
        let answer = self.ask(&self.account.send(&message, self.clock.now(), &self.nonce()?)).await;
        let answer = answer.map_err(NotSent::Perhaps)?;
        let taken = self.account.provider().sent(answer.status, &answer.body);
        taken.map(drop).map_err(|refusal| not_sent(&refusal))
    }

    async fn was_taken(&self, to: &Mobile, reference: &str, since: Timestamp) -> Result<bool, NotSent> {
        let query = Query { to: to.clone(), since, id: None };
        let answer = self.ask(&self.account.query(&query, self.clock.now(), &self.nonce()?)).await;
        let answer = answer.map_err(NotSent::Later)?;
        let found = self.account.provider().found(answer.status, &answer.body);
        let found = found.map_err(|refusal| NotSent::Later(refusal.to_string()))?;
        Ok(found.about(&parsed(reference)?).next().is_some())
    }

    async fn ask(&self, request: &SignedRequest) -> Result<Answer, String> {
        let sent = self.platform.send(request.method, &request.path, &request.headers, request.body.clone());
        sent.await.map_err(|error| error.to_string())
    }

    fn nonce(&self) -> Result<Nonce, NotSent> {
        let random = self.entropy.bytes().map_err(|error| NotSent::Later(error.to_string()))?;
        Ok(Nonce::new(u128::from_be_bytes(random)))
    }
}

fn parsed(reference: &str) -> Result<Reference, NotSent> {
    Reference::parse(reference).map_err(|invalid| NotSent::Never(invalid.to_string()))
}

/// Not more of a value than is taken; the page has it whole.
fn cut(value: &str) -> String {
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn not_sent(refusal: &Refusal) -> NotSent {
    let said = refusal.to_string();
    match refusal.cause {
        Cause::Number(_) | Cause::Content => NotSent::Never(said),
        Cause::NumberLimit(_) | Cause::ProviderLimit(_) | Cause::Operator(_) | Cause::Temporary => {
            NotSent::Later(said)
        }
        Cause::Doubtful | Cause::Unknown => NotSent::Perhaps(said),
    }
}
