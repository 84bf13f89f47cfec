//! Hosts that take from one stream of NATS JetStream: a real server, which each test starts and stops. Where
//! `nats-server` is not installed, a test says so and is skipped.

mod killed;
mod letters;
mod support;
mod taking;
mod trouble;
