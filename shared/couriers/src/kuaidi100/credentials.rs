//! Who we are to the platform.

use serde::Deserialize;

use crate::Secret;

/// The account's three secrets. The field names are those of the stored secret, which may hold other carriers' keys as well.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// Names our account in every request.
    #[serde(rename = "kuaidi100_key")]
    pub key: Secret,
    /// Signs our requests.
    #[serde(rename = "kuaidi100_secret")]
    pub secret: Secret,
    /// Signs the platform's pushes. We choose it and hand it over with each booking.
    #[serde(rename = "kuaidi100_salt")]
    pub salt: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_from_the_stored_secret_and_stay_out_of_logs() {
        let stored = r#"{"kuaidi100_key":"KEY-1","kuaidi100_secret":"SECRET-1","kuaidi100_salt":"SALT-1","other":"x"}"#;

        let credentials: Credentials = serde_json::from_str(stored).unwrap();

        assert_eq!(credentials.salt.expose(), "SALT-1");
        assert!(!format!("{credentials:?}").contains("-1"));
    }
}
