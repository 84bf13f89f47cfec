//! Texts that come in pieces, whole, or both, and may begin anew: each told once.

use super::recent::Recent;
use crate::event::{NormalizedEvent, Voice};

/// The texts of one voice, by the names that the child has for them.
#[derive(Debug)]
pub(crate) struct Telling {
    voice: Voice,
    texts: Recent<Told>,
    /// Which text the last piece was of.
    last: Option<String>,
}

/// What was told of one text.
#[derive(Debug, Default)]
struct Told {
    text: String,
    /// How much of it the child has said in its latest attempt. While that is less than all, nothing is told.
    again: usize,
}

impl Telling {
    pub(crate) fn of(voice: Voice) -> Self {
        Self {
            voice,
            texts: Recent::default(),
            last: None,
        }
    }

    /// The child begins a text, maybe for the second time.
    pub(crate) fn begin(&mut self, name: &str) {
        if let Some(told) = self.texts.get_mut(name) {
            told.again = 0;
        }
    }

    /// The same of every text whose name begins so.
    pub(crate) fn begin_all(&mut self, prefix: &str) {
        for (name, told) in self.texts.iter_mut() {
            if name.starts_with(prefix) {
                told.again = 0;
            }
        }
    }

    /// The next piece of a text.
    pub(crate) fn piece(&mut self, name: &str, piece: &str, out: &mut Vec<NormalizedEvent>) {
        if piece.is_empty() {
            return;
        }
        let told = self.texts.entry(name);
        let rest = &told.text[told.again..];
        if rest.starts_with(piece) {
            told.again += piece.len();
            return;
        }
        if let Some(more) = piece.strip_prefix(rest) {
            let more = more.to_owned();
            told.text.push_str(&more);
            told.again = told.text.len();
            self.tell(name, more, out);
            return;
        }
        // The attempt differs from what was told: that is void, and this stands in its place.
        let text = format!("{}{piece}", &told.text[..told.again]);
        self.replace(name, text, out);
    }

    /// A text, whole.
    pub(crate) fn whole(&mut self, name: &str, text: &str, out: &mut Vec<NormalizedEvent>) {
        let told = self.texts.entry(name);
        match text.strip_prefix(told.text.as_str()) {
            Some(more) => {
                told.text = text.to_owned();
                told.again = text.len();
                if !more.is_empty() {
                    self.tell(name, more.to_owned(), out);
                }
            }
            None => self.replace(name, text.to_owned(), out),
        }
    }

    /// Whether anything of a text was told.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.texts.get(name).is_some_and(|told| !told.text.is_empty())
    }

    /// What went by one name goes by another from now on.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let Some(told) = self.texts.remove(from) {
            self.texts.insert(to, told);
            if self.last.as_deref() == Some(from) {
                self.last = Some(to.to_owned());
            }
        }
    }

    fn replace(&mut self, name: &str, text: String, out: &mut Vec<NormalizedEvent>) {
        let told = self.texts.entry(name);
        let bytes = told.text.len();
        told.text.clone_from(&text);
        told.again = text.len();
        // Where another text came in between, its bytes are the last, and nothing can be taken back. The whole is
        // told anew then.
        if bytes > 0 && self.last.as_deref() == Some(name) {
            out.push(NormalizedEvent::Discard {
                of: self.voice,
                bytes,
            });
        }
        self.last = None;
        if !text.is_empty() {
            self.tell(name, text, out);
        }
    }

    fn tell(&mut self, name: &str, delta: String, out: &mut Vec<NormalizedEvent>) {
        if self.last.as_deref() != Some(name) {
            self.last = Some(name.to_owned());
            out.push(NormalizedEvent::Break);
        }
        out.push(match self.voice {
            Voice::Text => NormalizedEvent::Text { delta },
            Voice::Thinking => NormalizedEvent::Thinking { delta },
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader has who honours what is void.
    fn read(events: &[NormalizedEvent]) -> String {
        let mut text = String::new();
        for event in events {
            match event {
                NormalizedEvent::Text { delta } => text.push_str(delta),
                NormalizedEvent::Discard { bytes, .. } => text.truncate(text.len() - bytes),
                _ => {}
            }
        }
        text
    }

    #[test]
    fn pieces_and_then_the_whole_are_told_once() {
        let (mut telling, mut out) = (Telling::of(Voice::Text), Vec::new());
        telling.begin("a");
        for piece in ["Hel", "", "lo"] {
            telling.piece("a", piece, &mut out);
        }
        telling.whole("a", "Hello!", &mut out);
        telling.whole("a", "Hello!", &mut out);
        let delta = |delta: &str| NormalizedEvent::Text {
            delta: delta.to_owned(),
        };
        assert_eq!(
            out,
            [NormalizedEvent::Break, delta("Hel"), delta("lo"), delta("!")]
        );
    }

    #[test]
    fn a_text_begun_anew_is_silent_while_it_says_the_same_and_void_when_it_does_not() {
        let (mut telling, mut out) = (Telling::of(Voice::Text), Vec::new());
        telling.piece("a", "Par", &mut out);
        telling.piece("a", "tial", &mut out);
        telling.begin("a");
        telling.piece("a", "Parti", &mut out);
        telling.piece("a", "al text", &mut out);
        assert_eq!(read(&out), "Partial text");
        assert!(
            !out.iter()
                .any(|event| matches!(event, NormalizedEvent::Discard { .. }))
        );
        telling.begin("a");
        telling.piece("a", "Par", &mut out);
        telling.piece("a", "adise", &mut out);
        assert_eq!(read(&out), "Paradise");
        telling.whole("a", "Something else", &mut out);
        assert_eq!(read(&out), "Something else");
    }

    #[test]
    fn nothing_of_another_text_is_ever_void() {
        let (mut telling, mut out) = (Telling::of(Voice::Text), Vec::new());
        telling.piece("a", "one", &mut out);
        telling.piece("b", "two", &mut out);
        telling.whole("a", "three", &mut out);
        assert_eq!(read(&out), "onetwothree");
    }

    proptest! {
        #[test]
        fn whatever_the_attempts_the_reader_ends_with_the_last(
            attempts in prop::collection::vec(prop::collection::vec("[ab語]{0,3}", 0..6), 1..5)
        ) {
            let (mut telling, mut out) = (Telling::of(Voice::Text), Vec::new());
            for attempt in &attempts {
                telling.begin("a");
                for piece in attempt {
                    telling.piece("a", piece, &mut out);
                }
            }
            let last = attempts.last().unwrap().concat();
            telling.whole("a", &last, &mut out);
            prop_assert_eq!(read(&out), last);
        }
    }
}
