//! The platform's token and ticket, one of each for all functions. The table keeps them sealed.

use yujie_runtime::contact::{self, Place};
use yujie_table::wechat::{self, Kept};
use yujie_wechat::Secret;
use yujie_wechat::jssdk::{JsTicket, TicketError, TicketQuery};
use yujie_wechat::token::{ApiToken, Lease, Renewal};

use crate::{Desk, DeskError};

impl Desk {
    /// The ticket with which pages are signed.
    pub(crate) async fn ticket(&self) -> Result<JsTicket, DeskError> {
        if let Some(ticket) = self.kept(Kept::Ticket).await? {
            return Ok(ticket);
        }
        let ticket = match self.new_ticket().await {
            // Somebody has renewed the token by force. Asked for anew, the platform gives the one that is good now.
            Err(Asked::TokenRefused(used)) => {
                wechat::forget(&self.table, Kept::Token, &used).await?;
                self.new_ticket().await
            }
            other => other,
        };
        let ticket = ticket.map_err(DeskError::from)?;
        self.keep(Kept::Ticket, &ticket).await?;
        Ok(ticket)
    }

    async fn new_ticket(&self) -> Result<JsTicket, Asked> {
        let token = self.token().await?;
        let asked = self.edge.clock.now();
        let answer = self.ask(&TicketQuery.request(&token)).await?;
        match TicketQuery::read(answer.status, &answer.body, asked) {
            Ok(ticket) => Ok(ticket),
            Err(TicketError::TokenExpired(_)) => {
                Err(Asked::TokenRefused(wechat::Lease { sealed: Vec::new(), expires: token.expires() }))
            }
            Err(other) => Err(Asked::No(other.into())),
        }
    }

    /// The token with which all calls are made.
    async fn token(&self) -> Result<ApiToken, DeskError> {
        if let Some(token) = self.kept(Kept::Token).await? {
            return Ok(token);
        }
        let asked = self.edge.clock.now();
        let answer = self.ask(&Renewal::Normal.request(&self.account)).await?;
        let token = Renewal::read(answer.status, &answer.body, asked)?;
        self.keep(Kept::Token, &token).await?;
        Ok(token)
    }

    /// What is kept, if it is fresh.
    async fn kept<Of>(&self, kept: Kept) -> Result<Option<Lease<Of>>, DeskError> {
        let Some(found) = wechat::lease(&self.table, kept).await? else { return Ok(None) };
        // Another account's, or one that a lost key sealed, is of no more use than none.
        let Ok(secret) = contact::open::<String>(&self.edge.keys, Place::Lease(kept.as_str()), &found.sealed)
        else {
            return Ok(None);
        };
        let lease = Lease::new(Secret::new(secret), found.expires).ok();
        Ok(lease.filter(|lease| lease.is_fresh(self.edge.clock.now())))
    }

    async fn keep<Of>(&self, kept: Kept, lease: &Lease<Of>) -> Result<(), DeskError> {
        let place = Place::Lease(kept.as_str());
        let sealed = contact::seal(&self.edge.keys, &self.edge.entropy, place, &lease.expose())
            .map_err(|_| yujie_runtime::SealError)?;
        let kept_as = wechat::Lease { sealed, expires: lease.expires() };
        Ok(wechat::keep(&self.table, kept, &kept_as).await?)
    }
}

/// Why no ticket was given.
enum Asked {
    TokenRefused(wechat::Lease),
    No(DeskError),
}

impl From<DeskError> for Asked {
    fn from(error: DeskError) -> Self {
        Self::No(error)
    }
}

impl From<Asked> for DeskError {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::TokenRefused(_) => Self::Unavailable("the platform refuses its own token".to_owned()),
            Asked::No(error) => error,
        }
    }
}
