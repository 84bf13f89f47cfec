//! Where two things first differ, in words: what a replay tells.

use serde_json::Value;

use crate::limits::SHOWN_VALUE_BYTES;
use crate::text::bounded;

/// Where a value differs from the recorded one. JSON is compared by its values: the order of an object's members and
/// blanks are no difference.
pub(crate) fn of_values(new: &Value, recorded: &Value) -> Option<String> {
    differ(new, recorded, &mut String::new())
}

/// Where two values first differ, `at` being the way to them.
fn differ(new: &Value, old: &Value, at: &mut String) -> Option<String> {
    let length = at.len();
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
            for key in keys {
                at.push('/');
                at.push_str(&key.replace('~', "~0").replace('/', "~1"));
                let found = match (new.get(key), old.get(key)) {
                    (Some(new), Some(old)) => differ(new, old, at),
                    (Some(new), None) => Some(format!("`{at}` is {}, and was not there", shown(new))),
                    (None, Some(old)) => Some(format!("`{at}` is not there, recorded is {}", shown(old))),
                    (None, None) => None,
                };
                at.truncate(length);
                if found.is_some() {
                    return found;
                }
            }
            None
        }
        (Value::Array(new), Value::Array(old)) => {
            for (index, (new, old)) in new.iter().zip(old).enumerate() {
                at.push_str(&format!("/{index}"));
                let found = differ(new, old, at);
                at.truncate(length);
                if found.is_some() {
                    return found;
                }
            }
            let (new, old) = (new.len(), old.len());
            (new != old).then(|| format!("`{at}` has {new} elements, recorded are {old}"))
        }
        (new, old) if new == old => None,
        (Value::String(new), Value::String(old)) => Some(of_texts(&format!("`{at}`"), new, old)),
        (new, old) => Some(format!("`{at}` is {}, recorded is {}", shown(new), shown(old))),
    }
}

/// Two texts, from shortly before they part.
pub(crate) fn of_texts(name: &str, new: &str, old: &str) -> String {
    const BEFORE: usize = 16;
    let same = new
        .char_indices()
        .zip(old.chars())
        .find(|((_, new), old)| new != old)
        .map_or(new.len().min(old.len()), |((at, _), _)| at);
    // The two are the same up to there, and so are their characters.
    let from = match same.saturating_sub(BEFORE) {
        0 => 0,
        from => new.ceil_char_boundary(from),
    };
    let beginning = if from > 0 { "…" } else { "" };
    let part = |text: &str| {
        let text = bounded(&text[from..], SHOWN_VALUE_BYTES);
        format!("\"{beginning}{text}\"")
    };
    format!("{name} is {}, recorded is {}", part(new), part(old))
}

fn shown(value: &Value) -> String {
    bounded(&value.to_string(), SHOWN_VALUE_BYTES).into_owned()
}
