//! One side of a conversation: who asked what, and what is yet to be answered.

use std::collections::BTreeSet;

use super::message::{Fault, Id, Message, RpcError, Version};
use crate::json::{self, Json};

/// What takes back a question. JSON-RPC has no word for it; this is the one that most peers know.
const CANCEL: &str = "$/cancelRequest";

/// How much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerLimits {
    /// Questions of ours that are not answered yet.
    pub ours: usize,
    /// Questions of theirs that are not answered yet. One more is answered with [`RpcError::BUSY`].
    pub theirs: usize,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            ours: crate::limits::RPC_CALLS,
            theirs: crate::limits::RPC_CALLS,
        }
    }
}

/// Why a question was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// There is too much under way.
    #[error("{0} questions wait for their answers, as many as may")]
    Full(usize),
    /// Two answers could not be told apart.
    #[error("a question of that id waits for its answer")]
    Taken,
}

/// An answer to a question of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Which.
    pub id: Id,
    /// What was asked for.
    pub method: String,
    /// The answer.
    pub outcome: Result<Json, RpcError>,
}

/// What a line was.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A question. [`Peer::answer`] takes the answer.
    Asked {
        /// Its name.
        id: Id,
        /// What is asked for.
        method: String,
        /// With what.
        params: Option<Json>,
    },
    /// Something told.
    Told {
        /// What.
        method: String,
        /// With what.
        params: Option<Json>,
    },
    /// An answer.
    Answered(Answered),
    /// They took back a question: nothing waits for its answer any more.
    TakenBack {
        /// Which.
        id: Id,
    },
    /// No message, or one that is refused. [`Fault::line`] tells them so.
    Refused(Fault),
    /// An answer to what was not asked, was answered, or was taken back. Nothing is said to that.
    Stray,
}

/// One side of a conversation.
#[derive(Debug, Default)]
pub struct Peer {
    version: Version,
    limits: PeerLimits,
    next: u64,
    /// Ours and their methods, in the order they were asked.
    ours: Vec<(Id, String)>,
    /// In order: what hashes wants chance, of which a component without imports has none.
    theirs: BTreeSet<Id>,
}

impl Peer {
    /// One that has not said anything.
    #[must_use]
    pub fn new(version: Version, limits: PeerLimits) -> Self {
        Self {
            version,
            limits,
            next: 1,
            ..Self::default()
        }
    }

    /// Ask, by the next number. Gives the name of the question and the line to say.
    ///
    /// # Errors
    ///
    /// Where too many questions wait for their answers.
    pub fn call(&mut self, method: &str, params: Option<Json>) -> Result<(Id, String), NotAsked> {
        let id = Id::of_number(self.next);
        let line = self.call_as(id.clone(), method, params)?;
        self.next += 1;
        Ok((id, line))
    }

    /// Ask, by a name. Gives the line to say.
    ///
    /// # Errors
    ///
    /// Where too many questions wait for their answers, or one of that name.
    pub fn call_as(&mut self, id: Id, method: &str, params: Option<Json>) -> Result<String, NotAsked> {
        if self.ours.len() >= self.limits.ours {
            return Err(NotAsked::Full(self.ours.len()));
        }
        if self.ours.iter().any(|(ours, _)| *ours == id) {
            return Err(NotAsked::Taken);
        }
        let method = method.to_owned();
        self.ours.push((id.clone(), method.clone()));
        Ok(Message::Request { id, method, params }.line(self.version))
    }

    /// Tell. Gives the line to say.
    #[must_use]
    pub fn notify(&self, method: &str, params: Option<Json>) -> String {
        let method = method.to_owned();
        Message::Notification { method, params }.line(self.version)
    }

    /// Take back a question. Gives the line to say; none where it was answered. An answer that comes all the same is
    /// a stray.
    pub fn take_back(&mut self, id: &Id) -> Option<String> {
        self.asked_by_us(id)?;
        let params = Json::of_text(&format!("{{\"id\":{}}}", id.text()));
        Some(self.notify(CANCEL, params))
    }

    /// Answer a question. Gives the line to say; none where nobody waits for it.
    pub fn answer(&mut self, id: Id, outcome: Result<Json, RpcError>) -> Option<String> {
        self.theirs.remove(&id).then(|| {
            let id = Some(id);
            Message::Reply { id, outcome }.line(self.version)
        })
    }

    /// A line was heard.
    pub fn hear(&mut self, line: &str) -> Heard {
        match Message::read(line) {
            Ok(Message::Request { id, method, params }) => self.asked(id, method, params),
            Ok(Message::Notification { method, params }) if method == CANCEL => {
                self.taken_back(params.as_ref())
            }
            Ok(Message::Notification { method, params }) => Heard::Told { method, params },
            Ok(Message::Reply { id, outcome }) => match id.and_then(|id| self.asked_by_us(&id)) {
                Some((id, method)) => Heard::Answered(Answered { id, method, outcome }),
                None => Heard::Stray,
            },
            Err(fault) => Heard::Refused(fault),
        }
    }

    /// The other side is gone. Gives the questions that will not be answered, in the order they were asked.
    pub fn over(&mut self) -> Vec<Id> {
        self.theirs.clear();
        let ours = std::mem::take(&mut self.ours).into_iter();
        ours.map(|(id, _)| id).collect()
    }

    /// How many questions of ours and of theirs are not answered yet.
    #[must_use]
    pub fn under_way(&self) -> (usize, usize) {
        (self.ours.len(), self.theirs.len())
    }

    /// A question of ours, which waits no longer.
    fn asked_by_us(&mut self, id: &Id) -> Option<(Id, String)> {
        let place = self.ours.iter().position(|(ours, _)| ours == id)?;
        Some(self.ours.remove(place))
    }

    fn asked(&mut self, id: Id, method: String, params: Option<Json>) -> Heard {
        if self.theirs.contains(&id) {
            let message = "Invalid Request: a question of that id is under way";
            return refused(id, RpcError::new(RpcError::INVALID_REQUEST, message));
        }
        if self.theirs.len() >= self.limits.theirs {
            let message = format!("{} questions are under way, as many as may", self.theirs.len());
            return refused(id, RpcError::new(RpcError::BUSY, message));
        }
        self.theirs.insert(id.clone());
        Heard::Asked { id, method, params }
    }

    fn taken_back(&mut self, params: Option<&Json>) -> Heard {
        let line = params.map_or("{}", Json::text);
        let named = match json::members_and_nulls(line, ["id"]) {
            Ok(Some([Some(id)])) => Message::read(&format!("{{\"id\":{},\"result\":0}}", id.get())).ok(),
            _ => None,
        };
        match named {
            Some(Message::Reply { id: Some(id), .. }) if self.theirs.remove(&id) => Heard::TakenBack { id },
            // It may just have been answered.
            _ => Heard::Stray,
        }
    }
}

fn refused(id: Id, error: RpcError) -> Heard {
    let id = Some(id);
    Heard::Refused(Fault { id, error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peer() -> Peer {
        Peer::new(Version::Written, PeerLimits { ours: 2, theirs: 2 })
    }

    fn json(text: &str) -> Json {
        Json::of_text(text).unwrap()
    }

    #[test]
    fn answers_in_any_order_find_their_questions() {
        let mut peer = peer();
        let (first, line) = peer.call("one", Some(json(r#"{"a": 1}"#))).unwrap();
        assert_eq!(
            line,
            r#"{"jsonrpc":"2.0","id":1,"method":"one","params":{"a":1}}"#
        );
        let (second, _) = peer.call("two", None).unwrap();
        assert_eq!(peer.call("three", None), Err(NotAsked::Full(2)));
        let answered = |heard| match heard {
            Heard::Answered(answered) => (answered.id, answered.outcome),
            other => panic!("{other:?}"),
        };
        let reply = r#"{"jsonrpc":"2.0","id":2,"result":"b"}"#;
        assert_eq!(answered(peer.hear(reply)), (second, Ok(json("\"b\""))));
        assert_eq!(peer.hear(reply), Heard::Stray);
        let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-5,"message":"no","data":[1]}}"#;
        let outcome = Err(RpcError {
            data: Some(json("[1]")),
            ..RpcError::new(-5, "no")
        });
        assert_eq!(answered(peer.hear(error)), (first, outcome));
        assert_eq!(peer.under_way(), (0, 0));
    }

    #[test]
    fn what_is_no_message_is_refused_by_the_error_that_it_is() {
        let mut peer = peer();
        let lines = [
            "{",
            "[]",
            "12",
            r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#,
            r#"{"id":{},"method":"m"}"#,
            r#"{"id":"a","method":5}"#,
            r#"{"id":3,"method":"m","params":5}"#,
            r#"{"id":3}"#,
        ];
        let said = lines.map(|line| match peer.hear(line) {
            Heard::Refused(fault) => fault.line(Version::Written),
            other => panic!("{line}: {other:?}"),
        });
        insta::assert_snapshot!(said.join("\n"), @r#"
        {"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error: EOF while parsing an object at line 1 column 1"}}
        {"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request: a message is an object; batches are not taken"}}
        {"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request: a message is an object; batches are not taken"}}
        {"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid Request: the version is not 2.0"}}
        {"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request: an id is a string, a number or null"}}
        {"jsonrpc":"2.0","id":"a","error":{"code":-32600,"message":"Invalid Request: a method is a string"}}
        {"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"Invalid Request: params are an object or a list"}}
        {"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"Invalid Request: there is no method"}}
        "#);
        // What was meant as an answer is not answered.
        for line in [r#"{"result":1}"#, r#"{"id":1,"error":"no"}"#] {
            assert_eq!(peer.hear(line), Heard::Stray, "{line}");
        }
    }

    #[test]
    fn an_answer_finds_the_question_of_that_very_id_alone() {
        let mut peer = Peer::new(Version::Omitted, PeerLimits::default());
        let (number, _) = peer.call("number", None).unwrap();
        let text = Id::of_text("1");
        peer.call_as(text.clone(), "text", None).unwrap();
        assert_eq!(peer.call_as(text.clone(), "again", None), Err(NotAsked::Taken));
        let none_of_them = [
            "null", "\"\"", "\"2\"", "0", "2", "1.0", "01", "-1", "true", "[1]", "{}",
        ];
        for id in none_of_them {
            let heard = peer.hear(&format!(r#"{{"id":{id},"result":{{}}}}"#));
            assert!(
                matches!(heard, Heard::Stray | Heard::Refused(_)),
                "{id}: {heard:?}"
            );
        }
        let mut method = |id: &str| match peer.hear(&format!(r#"{{"id":{id},"result":{{}}}}"#)) {
            Heard::Answered(answered) => (answered.id, answered.method),
            other => panic!("{other:?}"),
        };
        assert_eq!(method("\"1\""), (text, "text".to_owned()));
        assert_eq!(method("1"), (number, "number".to_owned()));
    }

    #[test]
    fn an_error_that_lacks_something_is_an_error_all_the_same() {
        let error = |json: &str| {
            let mut peer = peer();
            peer.call("m", None).unwrap();
            match peer.hear(&format!(r#"{{"id":1,"error":{json}}}"#)) {
                Heard::Answered(answered) => answered.outcome.unwrap_err().to_string(),
                other => panic!("{other:?}"),
            }
        };
        let errors = [r#"{"message":"no"}"#, r#"{"code":-5}"#, "\"no\""];
        insta::assert_snapshot!(errors.map(error).join("\n"), @r#"
        no (0)
        {"code":-5} (-5)
        "no" (0)
        "#);
    }

    #[test]
    fn a_question_is_answered_once_and_not_after_it_was_taken_back() {
        let mut peer = peer();
        let ask =
            |peer: &mut Peer, id: &str| peer.hear(&format!(r#"{{"id":{id},"method":"m","params":null}}"#));
        let Heard::Asked { id, params: None, .. } = ask(&mut peer, "\"x\"") else {
            panic!("a question");
        };
        // The same id, written in another way.
        assert!(
            matches!(ask(&mut peer, r#""\u0078""#), Heard::Refused(fault) if fault.error.code == RpcError::INVALID_REQUEST)
        );
        let Heard::Asked { id: other, .. } = ask(&mut peer, "null") else {
            panic!("`null` is an id as well");
        };
        assert!(matches!(ask(&mut peer, "3"), Heard::Refused(fault) if fault.error.code == RpcError::BUSY));
        let error = Err(RpcError::method_not_found("m"));
        insta::assert_snapshot!(peer.answer(id.clone(), error).unwrap(), @r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"Unknown op: m","data":{"method":"m"}}}"#);
        assert_eq!(peer.answer(id, Ok(json("1"))), None);
        let cancel = r#"{"method":"$/cancelRequest","params":{"id":null}}"#;
        assert_eq!(peer.hear(cancel), Heard::TakenBack { id: other.clone() });
        assert_eq!(peer.hear(cancel), Heard::Stray);
        assert_eq!(peer.answer(other, Ok(json("1"))), None);
    }

    #[test]
    fn a_question_of_ours_can_be_taken_back_and_its_late_answer_is_a_stray() {
        let mut peer = Peer::new(Version::Omitted, PeerLimits::default());
        let (call, _) = peer.call("m", None).unwrap();
        let (kept, _) = peer.call("n", None).unwrap();
        assert_eq!(
            peer.take_back(&call).unwrap(),
            r#"{"method":"$/cancelRequest","params":{"id":1}}"#
        );
        assert_eq!(peer.take_back(&call), None);
        assert_eq!(peer.hear(r#"{"id":1,"result":1}"#), Heard::Stray);
        assert_eq!(peer.over(), [kept]);
    }

    #[test]
    fn an_error_that_is_null_is_none() {
        for answer in [r#"{"id":1,"error":null,"result":{}}"#, r#"{"id":1,"error":null}"#] {
            let mut peer = peer();
            peer.call("m", None).unwrap();
            let heard = peer.hear(answer);
            assert!(
                matches!(heard, Heard::Answered(Answered { outcome: Ok(_), .. })),
                "{heard:?}"
            );
        }
    }

    fn lines() -> impl Strategy<Value = String> {
        let id = prop::sample::select(&["1", "2", "\"a\"", "null", "{}", "1.5"][..]);
        let whole = (id, 0..6).prop_map(|(id, kind)| match kind {
            0 => format!(r#"{{"id":{id},"method":"m"}}"#),
            1 => format!(r#"{{"id":{id},"result":1}}"#),
            2 => format!(r#"{{"id":{id},"error":{{"code":1,"message":"x"}}}}"#),
            3 => format!(r#"{{"method":"$/cancelRequest","params":{{"id":{id}}}}}"#),
            4 => format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#),
            _ => r#"{"method":"n"}"#.to_owned(),
        });
        prop_oneof![6 => whole, 1 => ".{0,12}"]
    }

    proptest! {
        #[test]
        fn whatever_is_heard_stays_in_bounds_and_no_question_is_answered_twice(
            lines in prop::collection::vec(lines(), 0..40)
        ) {
            let mut peer = peer();
            let mut open: Vec<Id> = Vec::new();
            for line in &lines {
                if let Ok((call, _)) = peer.call("m", None) {
                    open.push(call);
                }
                match peer.hear(line) {
                    Heard::Answered(answered) => {
                        let at = open.iter().position(|id| *id == answered.id);
                        prop_assert!(at.is_some());
                        open.remove(at.unwrap());
                    }
                    Heard::Refused(fault) => {
                        // What we say is a message itself.
                        let said = fault.line(Version::Written);
                        let is_reply = matches!(Message::read(&said), Ok(Message::Reply { .. }));
                        prop_assert!(is_reply, "{said}");
                    }
                    _ => {}
                }
                let (ours, theirs) = peer.under_way();
                prop_assert!(ours <= 2 && theirs <= 2);
            }
            prop_assert_eq!(peer.over(), open);
        }
    }
}
