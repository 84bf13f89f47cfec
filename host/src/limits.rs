//! Every number that bounds a plugin, in one place, with the reason for it.
//!
//! [`Limits`] holds the numbers that belong to a profile or that an operator may raise. The constants are
//! those of the contract's JSON, which nobody may change: a guest is compiled against them.

use std::time::Duration;

use crate::Profile;

mod bridge;
mod ptc;
mod wire;

pub use bridge::*;
pub use ptc::*;
pub use wire::*;

/// Most bytes of JSON that go into a tool.
pub const TOOL_INPUT_BYTES: usize = 64 * 1024;

/// Most bytes that a tool may answer with.
pub const TOOL_OUTPUT_BYTES: usize = 64 * 1024;

/// Most bytes of a tool output's `summary`, which a model reads in full.
pub const SUMMARY_BYTES: usize = 1024;

/// Most bytes that `start`, `status` and `stop` may answer with.
pub const STATUS_BYTES: usize = 64 * 1024;

/// Most bytes of an ingress event, its envelope included.
pub const INGRESS_EVENT_BYTES: usize = 64 * 1024;

/// Most bytes that `handle-ingress` may answer with.
pub const SERVICE_OUTPUT_BYTES: usize = 64 * 1024;

/// Most output commands in the answer to one event.
pub const OUTPUT_COMMANDS: usize = 16;

/// Most bytes of an output command's payload, serialised.
pub const COMMAND_PAYLOAD_BYTES: usize = 16 * 1024;

/// Most bytes of each of an output command's three ids.
pub const COMMAND_ID_BYTES: usize = 128;

/// Most bytes of a `start` configuration. The contract names no bound; this is that of the other inputs.
pub const CONFIG_BYTES: usize = 64 * 1024;

/// Largest component file that is read: three times the largest language runtime met (CPython, 18 MB).
pub const COMPONENT_BYTES: u64 = 64 * 1024 * 1024;

/// Most of a guest's own text kept for one message of ours: enough to recognise it, short enough for a line.
pub const MESSAGE_BYTES: usize = 512;

/// Most host calls of one guest call that are kept for the report. The count goes on past it.
pub const RECORDED_HOST_CALLS: usize = 256;

/// How often the clock looks at a running guest. A deadline is exceeded by at most this much.
pub const CLOCK_TICK: Duration = Duration::from_millis(10);

/// Host stack that a call needs besides the guest's: entry, imports and the decoding of results.
pub const HOST_STACK_BYTES: usize = 256 * 1024;

// What the imports `request` and `websocket` carry. The sizes and times are the contract's.

/// Most bytes of a request's description.
pub const REQUEST_DESCRIPTOR_BYTES: usize = 48 * 1024;

/// Most bytes of a request's body: what is left of its description after generous headers.
pub const REQUEST_BODY_BYTES: usize = 32 * 1024;

/// Most headers in a request, and most of an answer's that are handed on.
pub const HEADERS: usize = 16;

/// Most bytes of a request header's name.
pub const HEADER_NAME_BYTES: usize = 64;

/// Most bytes of a header's value, in a request; of an answer's, the rest is cut off.
pub const HEADER_VALUE_BYTES: usize = 1024;

/// Most bytes of an answer's status line and headers. The contract names no bound; ten times what servers
/// are commonly set to send.
pub const RESPONSE_HEAD_BYTES: usize = 80 * 1024;

/// Most bytes of an answer's body that are read. The connection is dropped then.
pub const RESPONSE_BODY_BYTES: usize = 64 * 1024;

/// Most bytes of the description of a WebSocket to open.
pub const SOCKET_DESCRIPTOR_BYTES: usize = 8 * 1024;

/// Most bytes of a text to send, and of a frame to receive.
pub const SOCKET_FRAME_BYTES: usize = 32 * 1024;

/// Most bytes of a message to receive, which may come in several frames.
pub const SOCKET_MESSAGE_BYTES: usize = 64 * 1024;

/// Bytes of sent text that may wait for a slow peer: two texts with their framing. A third is refused.
pub const SOCKET_WAITING_BYTES: usize = 2 * (SOCKET_FRAME_BYTES + 64);

/// Most WebSockets that one instance may have open.
pub const SOCKETS: usize = 4;

/// Most frames that are looked at in one `recv`. Pings and pongs are some of them, and a peer may send
/// nothing else.
pub const SOCKET_FRAMES_PER_RECEIVE: usize = 16;

/// A whole HTTP request.
pub const REQUEST_TIME: Duration = Duration::from_secs(5);

/// Opening a WebSocket.
pub const SOCKET_OPEN_TIME: Duration = Duration::from_secs(5);

/// Sending one WebSocket message.
pub const SOCKET_SEND_TIME: Duration = Duration::from_secs(5);

/// Receiving one WebSocket message, where the guest names no time.
pub const SOCKET_RECEIVE_TIME: Duration = Duration::from_secs(5);

/// The longest that a guest may wait for a WebSocket message.
pub const SOCKET_RECEIVE_TIME_AT_MOST: Duration = Duration::from_secs(30);

/// Closing a WebSocket.
pub const SOCKET_CLOSE_TIME: Duration = Duration::from_secs(5);

/// How long an instance that ends waits until the other sides of its connections have taken its farewell. One
/// that reads has done so long before, one that does not keeps nobody.
pub const SOCKET_FAREWELL: Duration = Duration::from_millis(100);

/// How long a WebSocket may be open, whatever is said on it.
pub const SOCKET_AGE: Duration = Duration::from_secs(15 * 60);

/// How often a thread that waits for the network looks whether its call was ended. Half a tick of the
/// [clock](CLOCK_TICK), so that a call in a host function ends no later than one in the guest.
pub const PATIENCE_TICK: Duration = Duration::from_millis(5);

/// How long work that was told to end may take to let go. It does at its next await point, in microseconds;
/// this is for a machine that stands still.
pub const ABORTED_TASK: Duration = Duration::from_secs(1);

/// Threads that ask the system for names, at most. One that hangs is not to be had back; those who come after
/// find the others, and past them run into their time.
pub const LOOKUP_THREADS: usize = 8;

// What the import `fs` carries. The sizes are the contract's, unless they say otherwise.

/// Most bytes of the description of what to read, list or write.
pub const FS_DESCRIPTOR_BYTES: usize = 64 * 1024;

/// Most bytes of a file to write. A description of the largest size holds less.
pub const FS_CONTENT_BYTES: usize = 64 * 1024;

/// Most bytes of a file that are read.
pub const FS_READ_BYTES: usize = 64 * 1024;

/// Most bytes of a path, of a grant's root as well: what Linux takes.
pub const FS_PATH_BYTES: usize = 4096;

/// Most bytes of a path in an answer or a message.
pub const FS_PATH_SHOWN_BYTES: usize = 160;

/// Most names in the answer to a listing.
pub const FS_ENTRIES: usize = 256;

/// Most names of a directory that are looked at to find the first. The contract names no bound; these take
/// some 40 ms.
pub const FS_ENTRIES_READ: usize = 65_536;

/// How many names are tried for a temporary file. They are random: the first is free.
pub const FS_TEMPORARY_NAMES: usize = 16;

// Transcripts of host calls.

/// Most bytes of a text handed over that a transcript keeps: what the largest descriptor has. A longer one is
/// refused by every host call, so its beginning and length tell all that matters.
pub const TRANSCRIPT_TEXT_BYTES: usize = 64 * 1024;

/// Longest line of a transcript: the largest description and the largest answer, every byte of either
/// written as an escape of six.
pub const TRANSCRIPT_LINE_BYTES: usize = 1024 * 1024;

/// Most bytes of a transcript, which is held in memory to be replayed.
pub const TRANSCRIPT_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of a value that a message shows beside another one.
pub const SHOWN_VALUE_BYTES: usize = 80;

// Host calls broken on purpose.

/// Most bytes of a fault plan: a thousand faults and more. They are written by hand, or for one run.
pub const FAULT_PLAN_BYTES: usize = 64 * 1024;

/// The pause of a slow body, where the plan names none: the contract's time is over after fifty of them.
pub const SLOW_READ_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause of a slow body: twice the contract's time for a request. Any longer one is a silence.
pub const SLOW_READ_PAUSE_AT_MOST: Duration = Duration::from_secs(10);

/// Bytes that a read of a slow body gives at most: less than a network packet has.
pub const SLOW_READ_BYTES: usize = 1024;

/// Bytes that a connection which may be disturbed reads ahead: what the WebSocket library takes at a time.
pub const DISTURBED_READ_BYTES: usize = 8 * 1024;

/// Bytes of a WebSocket's handshake that come one by one where reads are short. The library takes more than 64
/// pieces for an attack.
pub const SHORT_HANDSHAKE_READS: usize = 32;

// Samples of where a guest spends its instructions.

/// Most functions of a stack that a sampled guest is seen with, the innermost. Recursion over the deepest JSON that is
/// read has 128 levels, of a few functions each.
pub const SAMPLE_FRAMES: usize = 1024;

/// How many functions on the stacks that were looked at double the distance from one sample to the next: a second's
/// worth. A recursion of two thousand levels is seen whole before that: where it turns back, there is nothing to see, and
/// what it spends on the way up counts for the right function only if the last look was at the bottom.
pub const SAMPLE_SEEN: u64 = 2_000_000;

/// How many instructions before a sample is due every stretch's beginning is looked at: more than a function has
/// that neither calls nor loops, but for rare ones.
pub const SAMPLE_MARGIN: u64 = 256;

/// What a turn of a loop is taken to spend, of which nothing is known until the loop is left: more than those that turn
/// so often that a sample falls into them. One that spends more is looked at a little late.
pub const SAMPLE_TURN: u64 = 64;

// Authority: manifests, grants and what is said about them.

/// Most bytes of a `plugin.toml`, of grants or of a file with enablements.
pub const MANIFEST_BYTES: usize = 64 * 1024;

/// Most bytes of a plugin's, service's or ingress's id: one is part of file names and log lines.
pub const PLUGIN_ID_BYTES: usize = 128;

/// Most bytes of a tool's name. Model providers allow half of that.
pub const TOOL_NAME_BYTES: usize = 128;

/// Most faults of one file that are printed; the rest is counted. Nobody reads a second screen of them.
pub const SHOWN_FAULTS: usize = 40;

/// Most bytes of a URL's path that a message shows.
pub const SHOWN_URL_PATH_BYTES: usize = 120;

// Packages. The sizes are the contract's, unless they say otherwise.

/// Most bytes of a package's archive.
pub const PACKAGE_ARCHIVE_BYTES: usize = 16 * 1024 * 1024;

/// Most entries in an archive, those for folders included, and most files in a folder.
pub const PACKAGE_ENTRIES: usize = 512;

/// Most bytes of one file of a package.
pub const PACKAGE_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Most bytes of all files of a package. A folder may have them, an archive has fewer.
pub const PACKAGE_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of a path in a package. The contract names no bound; this is what an archive has room for.
pub const PACKAGE_PATH_BYTES: usize = u16::MAX as usize;

/// How deep the folders of a package may be nested when it is read from a disk. The contract names no bound.
/// Each is open while those within are read; a source tree has ten, a process 1024 open files.
pub const PACKAGE_FOLDERS_DEEP: usize = 64;

/// Most names that are looked at in a package's folders, those of ignored files included, so that a tree of
/// empty folders ends as well: as many as a listing looks at.
pub const PACKAGE_NAMES_READ: usize = 65_536;

/// Most bytes of a `.yoiignore`: a thousand patterns and more.
pub const IGNORE_FILE_BYTES: usize = 64 * 1024;

/// Most packages of a store that are read: the first by name.
pub const STORE_PACKAGES: usize = 128;

/// Most names of a store that are looked at, so that a folder with a million files in it ends as well. The
/// contract names no bound; these are as many as a package's folders may have.
pub const STORE_NAMES_READ: usize = 65_536;

/// Most characters of a diagnostic in a list of plugins.
pub const ITEM_MESSAGE_CHARS: usize = 240;

/// Most plugins that the yoi host lists.
pub const YOI_LISTED_ITEMS: usize = 129;

// Services. The contract names the first two; the others are ours, and most of them an operator may change.

/// Events that wait in a service's queue, the one under way included.
pub const INGRESS_QUEUE: usize = 32;

/// Results of output commands that a service keeps for its status.
pub const COMMAND_RESULTS: usize = 32;

/// Most bytes of the events in a service's queue: its events, if every one is as large as may be.
pub const INGRESS_QUEUE_BYTES: usize = INGRESS_QUEUE * INGRESS_EVENT_BYTES;

/// Tool calls and status probes that wait for a service, at most. Whoever sends more is not waited for by
/// anybody.
pub const SERVICE_REQUESTS: usize = 64;

/// Ids of settled events that a service remembers, to recognise one that is sent again. A sender that heard
/// nothing repeats itself within seconds; this is what a busy source sends in that time.
pub const KNOWN_EVENTS: usize = 4096;

/// Most bytes of an event's id, of an ingress's or a tool's name that a message or a happening shows: as many as a
/// sound one has.
pub const SHOWN_ID_BYTES: usize = 128;

/// Diagnostics that a service keeps for its status. The yoi host keeps all of them, for ever.
pub const SERVICE_DIAGNOSTICS: usize = 64;

/// Events given up that a service keeps, to be looked at.
pub const DEAD_LETTERS: usize = 32;

/// Happenings that wait for whoever watches a service. One that is slower loses the oldest, and is told how
/// many. The largest have an answer of the plugin in them, 64 KiB: these are 16 MiB at most.
pub const SERVICE_HAPPENINGS: usize = 256;

/// How many times an event is delivered before it is given up: over a minute, with the pauses between.
pub const DELIVERY_ATTEMPTS: u32 = 5;

/// The pause before the second delivery of an event; it doubles with each.
pub const DELIVERY_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two deliveries of an event.
pub const DELIVERY_PAUSE_AT_MOST: Duration = Duration::from_secs(30);

/// How many times a service is restarted within [`SERVICE_RESTARTS_WITHIN`] while nothing goes well: ten different
/// things that break a plugin one after the other say that it is the plugin that is broken.
pub const SERVICE_RESTARTS: u32 = 10;

/// Restarts that are longer ago do not count. Ten with their pauses, and four deliveries more of each event that breaks
/// it, take a minute.
pub const SERVICE_RESTARTS_WITHIN: Duration = Duration::from_secs(5 * 60);

/// The pause before the first restart; it doubles while restarts follow each other.
pub const SERVICE_RESTART_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause before a restart.
pub const SERVICE_RESTART_PAUSE_AT_MOST: Duration = Duration::from_secs(10);

/// The pause before a connection that was lost is made again; it doubles while it does not hold.
pub const SOCKET_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause before a connection is made again.
pub const SOCKET_PAUSE_AT_MOST: Duration = Duration::from_secs(60);

/// A connection that held for so long was a good one: when it is lost, the pauses begin anew.
pub const SOCKET_HELD: Duration = Duration::from_secs(10);

/// When nothing came on a connection that the host holds for so long, the other side is asked whether it is there;
/// when nothing comes for as long again, it is not. Routers forget a silent connection after minutes, and tell
/// nobody.
pub const SOCKET_SILENCE: Duration = Duration::from_secs(30);

/// Texts that wait to be sent on a connection that the host holds. They come from one thread, which waits for each.
pub const SOCKET_SENDS_WAITING: usize = 1;

/// How long a service that is to stop goes on with what is in its queue.
pub const SERVICE_DRAIN_TIME: Duration = Duration::from_secs(5);

/// After which time a service that is to stop is ended. Service managers commonly wait 10 s before they kill.
pub const SERVICE_STOP_TIME: Duration = Duration::from_secs(8);

// A plugin's folder, watched.

/// Most files and folders that are watched: as many names as a package's folders may have.
pub const WATCHED_NAMES: usize = PACKAGE_NAMES_READ;

/// How long nothing may happen before a change counts as done. Editors and version control write several files
/// within a few milliseconds; a person notices a tenth of a second.
pub const WATCH_QUIET: Duration = Duration::from_millis(50);

/// How long a change may go on before it counts all the same, as where a program writes a log there.
pub const WATCH_SETTLES: Duration = Duration::from_secs(1);

/// How often a folder is looked through where the system does not tell of changes. A thousand files take some
/// milliseconds.
pub const WATCH_POLL: Duration = Duration::from_millis(500);

/// How often a folder is looked through at most for the sake of folders that are made meanwhile.
pub const WATCHED_PASSES: usize = 8;

// The journal of a service, on a disk.

/// Most changes that one commit makes. A sync of a few milliseconds is shared by all of them; more would keep
/// those waiting who came first.
pub const JOURNAL_COMMIT_CHANGES: usize = 256;

/// How many waiting events are marked as begun with the one that is delivered, so that a delivery does not cost a
/// sync of its own. After a crash so many may come with an `attempt` raised by one that they never had.
pub const JOURNAL_MARKED_AHEAD: usize = 32;

/// How long it may take until the disk has it that an event was settled, where nothing else is written. A crash
/// within that time means one more delivery.
pub const JOURNAL_NOTE_DELAY: Duration = Duration::from_millis(50);

/// How long a journal that could not be written waits before it tries again what nobody waits for.
pub const JOURNAL_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Most events kept that were given up; the oldest make room. Of the largest size they take 64 MiB.
pub const JOURNAL_DEAD_LETTERS: usize = 1000;

/// Most memory in which pages of the file are kept. It is written more than read.
pub const JOURNAL_CACHE_BYTES: usize = 16 * 1024 * 1024;

// Events from a stream of NATS JetStream.

/// Into how many parts the sources of a stream are divided: so many events may be under way at once, over all hosts.
/// It is part of how a stream is laid out, and never changes.
#[cfg(feature = "nats")]
pub const STREAM_PARTITIONS: u32 = 16;

/// Most bytes of a stream. What comes after is refused.
#[cfg(feature = "nats")]
pub const STREAM_BYTES: i64 = 1024 * 1024 * 1024;

/// Events of a stream that were given up and are kept to be looked at, the last ones: as many as a journal keeps.
#[cfg(feature = "nats")]
pub const STREAM_DEAD_LETTERS: i64 = 1000;

/// How long a stream remembers ids, to know a duplicate by: the server's own default.
#[cfg(feature = "nats")]
pub const STREAM_DUPLICATES: Duration = Duration::from_secs(120);

/// How long a host may say nothing of an event that it has, until another one is given it. A host says something three
/// times as often.
#[cfg(feature = "nats")]
pub const STREAM_WAIT: Duration = Duration::from_secs(30);

/// Connecting to a server.
#[cfg(feature = "nats")]
pub const STREAM_CONNECT_TIME: Duration = Duration::from_secs(5);

/// How often a server is asked whether it is there. One that answers none of three is gone.
#[cfg(feature = "nats")]
pub const STREAM_PING: Duration = Duration::from_secs(5);

/// How often it is looked whether the stream is there still: a server may say nothing to those who ask for its events.
#[cfg(feature = "nats")]
pub const STREAM_LOOK: Duration = Duration::from_secs(30);

/// How long it is not said again that the same thing goes wrong with a stream. Each partition meets it.
#[cfg(feature = "nats")]
pub const STREAM_TROUBLE_QUIET: Duration = Duration::from_secs(30);

/// How long a question for the next event stays open at the server. A host that was killed is sent nothing after it.
#[cfg(feature = "nats")]
pub const STREAM_PULL_TIME: Duration = Duration::from_secs(5);

/// The pause before a server is asked again that did not do what it was asked.
#[cfg(feature = "nats")]
pub const STREAM_RETRY_TIME: Duration = Duration::from_secs(1);

/// Events that wait in the queue of a service whose journal is on a disk, if nobody says otherwise: what a host that
/// was down for a while is sent, in memory some tens of megabytes.
pub const DURABLE_QUEUE_EVENTS: usize = 10_000;

/// Most bytes of them. Events have some hundred bytes; this has room for ten thousand of 6 KiB.
pub const DURABLE_QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What one instance of a plugin may use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Instructions (wasmtime's fuel) for one call of an export. In the world `tool` it covers the
    /// instantiation as well; in the world `instance` that has a budget of its own.
    pub fuel: u64,
    /// Bytes of all linear memories together.
    pub memory_bytes: usize,
    /// Elements of each table.
    pub table_elements: usize,
    /// Core instances in one component. A component that lowers a string to an import has three: the
    /// encoder adds two to break the cycle between memory and import.
    pub core_instances: usize,
    /// Tables in one component.
    pub tables: usize,
    /// Linear memories in one component.
    pub memories: usize,
    /// Wall time of one call of an export, host calls included.
    pub call_timeout: Duration,
}

impl Limits {
    /// The numbers of a profile.
    ///
    /// | | `documented` | `yoi` |
    /// |---|---|---|
    /// | fuel | 5 000 000 | 5 000 000 |
    /// | memory | 2 MiB | 2 MiB |
    /// | table elements | 8192 | 256 |
    /// | core instances, tables, memories | 64, 8, 4 | 1, 1, 1 |
    /// | wall time of a call | 1 s, cancels the guest | 1 s, judged when the guest is done |
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        // An echo of 100 bytes burns 12 thousand, one of 64 KiB four million: five let every legal input
        // through a guest that reads it once.
        let fuel = 5_000_000;
        // 32 pages; a Rust guest begins with 17 of them, QuickJS with 22, CPython with 199.
        let memory_bytes = 2 * 1024 * 1024;
        let call_timeout = Duration::from_secs(1);
        match profile {
            Profile::Documented => Self {
                fuel,
                memory_bytes,
                // Room for the runtimes of other languages, which are several modules linked with each other, and
                // not for an unbounded graph of them: QuickJS has 11 core instances, 3 memories (two of them
                // empty) and 782 functions behind pointers, CPython 38, 1 and 5678. What costs a host something
                // is memory, and that is bounded in bytes, all of it together.
                table_elements: 8192,
                core_instances: 64,
                tables: 8,
                memories: 4,
                call_timeout,
            },
            Profile::Yoi => Self {
                fuel,
                memory_bytes,
                // A Rust guest has 60 to 92 functions behind pointers.
                table_elements: 256,
                core_instances: 1,
                tables: 1,
                memories: 1,
                call_timeout,
            },
        }
    }

    /// The same with another budget of instructions.
    #[must_use]
    pub const fn with_fuel(mut self, fuel: u64) -> Self {
        self.fuel = fuel;
        self
    }

    /// The same with another bound on memory, in bytes.
    #[must_use]
    pub const fn with_memory_bytes(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// The same with another bound on the wall time of a call.
    #[must_use]
    pub const fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }
}

/// Bytes of stack a guest may use, in a profile.
///
/// It is fixed when the engine is made. The host sees to it that the thread has them: a guest that wants
/// more ends with a named fault, never with the process.
#[must_use]
pub const fn guest_stack_bytes(profile: Profile) -> usize {
    match profile {
        // Twice what wasmtime gives by default: deep recursion over JSON fits, a runaway ends soon.
        Profile::Documented => 1024 * 1024,
        // The yoi host configures 8 MiB but runs guests on threads of 2 MiB, and its process aborts when
        // they are used up. Here that is the fault it should have been, at the same depth, the host's own
        // frames deducted.
        Profile::Yoi => 2 * 1024 * 1024 - HOST_STACK_BYTES,
    }
}

/// Bytes of a name for which a similar one is looked for: to compare takes quadratic time, and nobody mistypes a longer one.
pub const MISTYPED_BYTES: usize = 256;

/// Stack of a thread in which a guest is called: it is entered without a second one, which would be mapped and given
/// back with each entry, and twice over for what is done beside it remains. None of it is memory before it is used.
#[must_use]
pub const fn calling_thread_stack_bytes(profile: Profile) -> usize {
    guest_stack_bytes(profile) + 3 * HOST_STACK_BYTES
}
