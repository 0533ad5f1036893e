//! What readers are told by message: the catalogue of notices, zh-CN, and the SMS with a code.
//!
//! A telling is a template with values: where free text may be sent it is sent as the text that both make, and where only approved
//! templates may be, as the template's name with its values. What the reader sees is the same. No telling names a title: others may see
//! the phone.

mod notices;

pub use notices::*;

/// The library's name before its messages. Providers that put it there themselves have it from their own account (短信签名).
const SIGN: &str = "【预借】";

/// One message to one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    template: &'static str,
    values: Vec<(&'static str, String)>,
    text: String,
}

impl Telling {
    /// The template's name, which is ours; a provider's account has its number for it.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The values of its variables, in the order in which they stand in the text.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The whole text.
    pub fn text(&self) -> String {
        format!("{SIGN}{}", self.text)
    }
}

/// A template as it is written down to be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// Its variables, in their order.
    pub variables: &'static [&'static str],
    /// Its text without the library's name, `{…}` where a variable stands.
    pub text: &'static str,
}

/// Defines templates. Each becomes a function of its variables, so that none can be forgotten or misspelt, and an entry of `TEMPLATES`.
macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident($($variable:ident),*): $text:literal)*) => {
        $(
            $(#[$doc])*
            pub fn $name($($variable: impl Into<String>),*) -> $crate::telling::Telling {
                $(let $variable: String = $variable.into();)*
                let text = format!($text);
                let values = vec![$((stringify!($variable), $variable)),*];
                $crate::telling::Telling { template: stringify!($name), values, text }
            }
        )*

        /// Every template: what an operator has approved before the first message.
        pub const TEMPLATES: &[$crate::telling::Template] = &[$(
            $crate::telling::Template {
                name: stringify!($name),
                variables: &[$(stringify!($variable)),*],
                text: $text,
            },
        )*];
    };
}
use templates;

#[cfg(test)]
mod tests;
