//! Where in a connection's bytes a reader is: in the answer's head, its body, a frame.

/// What a connection carries after the head of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A body.
    Http,
    /// Frames (RFC 6455).
    WebSocket,
}

/// Longest head of a frame: two bytes, eight of length, four of a mask.
const FRAME_HEAD_BYTES: usize = 14;

/// Where the next byte belongs.
#[derive(Debug)]
pub(super) struct Framing {
    wire: Wire,
    at: At,
    /// Whether the message under way is text; its later frames do not say.
    text: bool,
}

#[derive(Debug)]
enum At {
    /// The answer's head: bytes so far, and whether the line under way is still empty.
    Head { bytes: usize, empty_line: bool },
    /// The answer's body, and bytes of it so far.
    Body { bytes: u64 },
    /// The head of a frame, as far as it is there.
    FrameHead {
        head: [u8; FRAME_HEAD_BYTES],
        bytes: usize,
    },
    /// A frame's payload: bytes to come, and whether they are text.
    Payload { left: u64, text: bool },
}

const FRAME: At = At::FrameHead {
    head: [0; FRAME_HEAD_BYTES],
    bytes: 0,
};

impl Framing {
    pub(super) const fn new(wire: Wire) -> Self {
        Self {
            wire,
            at: At::Head {
                bytes: 0,
                empty_line: false,
            },
            text: false,
        }
    }

    /// Bytes of the answer's body so far, where it is one.
    pub(super) const fn body(&self) -> Option<u64> {
        match self.at {
            At::Body { bytes } => Some(bytes),
            _ => None,
        }
    }

    /// Bytes of a WebSocket's handshake so far, where it is under way.
    pub(super) const fn handshake(&self) -> Option<usize> {
        match (self.wire, &self.at) {
            (Wire::WebSocket, At::Head { bytes, .. }) => Some(*bytes),
            _ => None,
        }
    }

    /// Go on over these bytes, to the end of a head or of a frame if there is one among them. How many that
    /// were. `texts` is shown every piece of text on the way, and may change it.
    pub(super) fn pass(&mut self, there: &mut [u8], mut texts: impl FnMut(&mut [u8])) -> usize {
        let mut passed = 0;
        while let Some(byte) = there.get(passed).copied() {
            match &mut self.at {
                At::Head { bytes, empty_line } => {
                    *bytes += 1;
                    passed += 1;
                    match byte {
                        b'\n' if *empty_line => {
                            self.at = match self.wire {
                                Wire::Http => At::Body { bytes: 0 },
                                Wire::WebSocket => FRAME,
                            };
                            return passed;
                        }
                        b'\n' => *empty_line = true,
                        b'\r' => {}
                        _ => *empty_line = false,
                    }
                }
                At::Body { bytes } => {
                    *bytes += (there.len() - passed) as u64;
                    return there.len();
                }
                At::FrameHead { head, bytes } => {
                    head[*bytes] = byte;
                    *bytes += 1;
                    passed += 1;
                    let Some(length) = payload_length(&head[..*bytes]) else {
                        continue;
                    };
                    let text = match head[0] & 0x0F {
                        0 => self.text,
                        opcode @ 1..8 => {
                            self.text = opcode == 1;
                            self.text
                        }
                        // Pings and their like may come between the frames of a message.
                        _ => false,
                    };
                    if length == 0 {
                        self.at = FRAME;
                        return passed;
                    }
                    self.at = At::Payload { left: length, text };
                }
                At::Payload { left, text } => {
                    let rest = &mut there[passed..];
                    let here = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    if *text {
                        texts(&mut rest[..here]);
                    }
                    *left -= here as u64;
                    passed += here;
                    if *left == 0 {
                        self.at = FRAME;
                        return passed;
                    }
                }
            }
        }
        passed
    }
}

/// The length of a frame's payload, if this is the whole head of it.
fn payload_length(head: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = head else {
        return None;
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extra = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if rest.len() < extra + mask {
        return None;
    }
    let wide = rest[..extra]
        .iter()
        .fold(0, |wide, byte| wide << 8 | u64::from(*byte));
    Some(if extra == 0 { (second & 0x7F).into() } else { wide })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n";

    /// A server's frame.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            short @ ..126 => frame.push(short as u8),
            middle @ ..65_536 => {
                frame.push(126);
                frame.extend((middle as u16).to_be_bytes());
            }
            long => {
                frame.push(127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        frame
    }

    /// The units that bytes are given in where at most `most` are there at a time, and the text among them.
    fn units(wire: Wire, bytes: &[u8], most: usize) -> (Vec<usize>, Vec<u8>) {
        let mut framing = Framing::new(wire);
        let (mut units, mut text) = (Vec::new(), Vec::new());
        let mut left = bytes.to_vec();
        while !left.is_empty() {
            let there = left.len().min(most);
            let passed = framing.pass(&mut left[..there], |piece| text.extend_from_slice(piece));
            assert!(passed > 0, "it does not come further");
            units.push(passed);
            left.drain(..passed);
        }
        (units, text)
    }

    #[test]
    fn a_read_ends_where_a_head_or_a_frame_ends() {
        let long = vec![b'x'; 70_000];
        let frames = [
            frame(0x01, b"he"),
            frame(0x89, b"ping"),
            frame(0x80, b"llo"),
            frame(0x82, b"binary"),
            frame(0x80, b""),
            frame(0x81, &long[..300]),
            frame(0x81, &long),
        ];
        let lengths: Vec<usize> = std::iter::once(HEAD.len())
            .chain(frames.iter().map(Vec::len))
            .collect();
        let bytes = [HEAD, &frames.concat()].concat();
        let (given, text) = units(Wire::WebSocket, &bytes, usize::MAX);
        assert_eq!(given, lengths);
        assert_eq!(text, [b"hello", &long[..300], &long].concat());
        let (_, again) = units(Wire::WebSocket, &bytes, 3);
        assert_eq!(again, text);
    }

    #[test]
    fn a_body_begins_after_an_empty_line_and_has_no_end() {
        for head in [
            "HTTP/1.1 200 OK\r\na: b\r\n\r\n",
            "HTTP/1.1 200 OK\n\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            let bytes = [head.as_bytes(), b"one\r\n\r\ntwo"].concat();
            assert_eq!(units(Wire::Http, &bytes, usize::MAX).0, [head.len(), 10]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_it(bytes in prop::collection::vec(any::<u8>(), 0..300), most in 1_usize..40) {
            for wire in [Wire::Http, Wire::WebSocket] {
                let (given, _) = units(wire, &[HEAD, &bytes].concat(), most);
                prop_assert_eq!(given.iter().sum::<usize>(), HEAD.len() + bytes.len());
            }
        }
    }
}
