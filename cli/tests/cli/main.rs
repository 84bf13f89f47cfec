//! The program as it is used: words in, words out, an exit status.

mod call;
mod componentize;
mod grants;
mod inspect;
mod refusals;
mod run;
