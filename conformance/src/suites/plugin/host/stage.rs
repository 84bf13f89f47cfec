//! Where a case meets a host: it lays packages out, asks, writes down what is said, and judges the answers.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use yoi_host::Profile;

use super::super::door::{
    Ability, Ask, CommandVerdict, Done, Examine, Hello, Lifecycle, Load, Loaded, Outcome, PROTOCOL,
    PackageFound, PluginHost, Plugins, Refusal, RefusalKind, Report, Rows, Service, Settled, Status, Survey,
    Tool,
};
use super::HostTarget;
use super::plugin::{INGRESS, Packed, Plugin, TOOL};
use super::puppet::{self, SEPARATOR};
use super::shelf::Shelf;
use crate::verdict::word;
use crate::{Checked, Context, Stop};

/// One host for one case.
pub(crate) struct Stage<'c> {
    ctx: &'c Context,
    host: Box<dyn PluginHost + 'c>,
    hello: Hello,
    profile: Profile,
    /// Where packages are laid out.
    shelf: Shelf,
    packages: u32,
    /// What differs from run to run and is not to be seen in a report: a port, a folder.
    hidden: Vec<(String, &'static str)>,
    /// Ports that plugins are to reach.
    ports: Vec<u16>,
    /// What tells them to the plugin that is loaded, where that is its input.
    told: Option<String>,
}

/// What an answer of the host's was: done, or refused.
pub(crate) type Answered<T> = Result<T, Refusal>;

impl<'c> Stage<'c> {
    pub(crate) fn new(target: &HostTarget, ctx: &'c Context) -> Result<Self, Stop> {
        let profile: Profile = ctx
            .profile()
            .parse()
            .map_err(|error: yoi_host::UnknownProfile| Stop::Harness(error.to_string()))?;
        let shelf = target
            .shelves
            .take()
            .map_err(|error| Stop::Harness(format!("there is no temporary folder: {error}")))?;
        let mut stage = Self {
            ctx,
            host: target.session(ctx)?,
            hello: Hello {
                protocol: String::new(),
                host: String::new(),
                version: String::new(),
                profiles: Vec::new(),
                abilities: Vec::new(),
            },
            profile,
            hidden: vec![(shelf.path().display().to_string(), "FOLDER")],
            shelf,
            packages: 0,
            ports: Vec::new(),
            told: None,
        };
        let hello = Ask::Hello {
            protocol: PROTOCOL.to_owned(),
        };
        match stage.ask(&hello, "", |done| match done {
            Done::Hello(hello) => Some(hello),
            _ => None,
        })? {
            Ok(hello) if hello.protocol == PROTOCOL => stage.hello = hello,
            Ok(hello) => {
                return Err(Stop::CouldNotRun(format!(
                    "the host speaks {}, not {PROTOCOL}",
                    hello.protocol
                )));
            }
            Err(refusal) => {
                return Err(Stop::CouldNotRun(format!(
                    "the host does not speak {PROTOCOL}: {}",
                    refusal.message
                )));
            }
        }
        if !stage.hello.profiles.contains(&profile) {
            return Err(Stop::Skip(format!(
                "the host makes no promises of profile {profile}"
            )));
        }
        Ok(stage)
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    /// The context of the case.
    pub(crate) fn ctx(&self) -> &'c Context {
        self.ctx
    }

    /// Skip the case where the host lacks an ability.
    pub(crate) fn needs(&self, ability: Ability) -> Checked {
        if self.hello.abilities.contains(&ability) {
            return Ok(());
        }
        let name = serde_json::to_value(ability).unwrap_or_default();
        Err(Stop::Skip(format!("the host has not the ability {name}")))
    }

    /// Keep something out of the transcript that differs from run to run.
    pub(crate) fn hide(&mut self, what: impl ToString, shown: &'static str) {
        self.hidden.push((what.to_string(), shown));
    }

    /// Let the plugins that are loaded from here on reach a port, which is another in every run and is kept out of the
    /// transcript. They are told it by their configuration, or in the world `tool` by the input of a call: both have to
    /// be `null` otherwise.
    pub(crate) fn reach(&mut self, port: u16, shown: &'static str) {
        self.hide(port, shown);
        self.ports.push(port);
    }

    /// A folder of the case's own.
    pub(crate) fn folder(&self) -> PathBuf {
        self.shelf.own()
    }

    /// A folder that no host changes, made by the first case on this shelf that needs it and left for those after it.
    pub(crate) fn kept_folder(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<PathBuf, Stop> {
        self.shelf
            .kept(name, make)
            .map_err(|error| Stop::Harness(format!("a folder cannot be made: {error}")))
    }

    /// Load a plugin that is meant to load.
    pub(crate) fn load(&mut self, plugin: &Plugin) -> Result<Loaded, Stop> {
        let answer = self.try_load(plugin)?;
        self.done("the plugin to be loaded", answer)
    }

    /// Load a plugin and start it.
    pub(crate) fn run(&mut self, plugin: &Plugin) -> Checked {
        self.load(plugin)?;
        let answer = self.start()?;
        self.done("the plugin to start", answer)?;
        Ok(())
    }

    /// Load a plugin, start it, and call it where that is its whole life: the first refusal on the way. A host may
    /// refuse a component when it is loaded, or as late as when it is first instantiated.
    pub(crate) fn bring_to_life(&mut self, plugin: &Plugin) -> Result<Answered<()>, Stop> {
        if let Err(refusal) = self.try_load(plugin)? {
            return Ok(Err(refusal));
        }
        if let Err(refusal) = self.start()? {
            return Ok(Err(refusal));
        }
        if plugin.is_tool()
            && let Err(refusal) = self.call("null")?
        {
            return Ok(Err(refusal));
        }
        Ok(Ok(()))
    }

    /// Load a plugin, or not.
    pub(crate) fn try_load(&mut self, plugin: &Plugin) -> Result<Answered<Loaded>, Stop> {
        let Packed {
            archive,
            grants,
            is_told,
        } = plugin.package(&self.ports);
        let told = is_told.then(|| puppet::told(&self.ports));
        let config = match &told {
            Some(told) if !plugin.is_tool() => self.unless_taken(&plugin.config, told)?,
            _ => plugin.config.clone(),
        };
        self.told = told.filter(|_| plugin.is_tool());
        let said = format!("{}# grants\n{grants}# config {config}", plugin.manifest_text());
        let ask = Ask::Load(Load {
            profile: self.profile,
            package: self.lay_out(&archive)?,
            grants,
            config,
            names: plugin.names.clone(),
            authorities: plugin.authorities.clone(),
        });
        self.ask(&ask, &said, |done| match done {
            Done::Loaded(loaded) => Some(loaded),
            _ => None,
        })
    }

    /// Have the host read an archive.
    pub(crate) fn inspect(&mut self, archive: &[u8]) -> Result<Answered<PackageFound>, Stop> {
        let ask = Ask::Inspect {
            profile: self.profile,
            package: self.lay_out(archive)?,
        };
        let said = format!("an archive of {} bytes", archive.len());
        self.ask(&ask, &said, |done| match done {
            Done::Package(package) => Some(package),
            _ => None,
        })
    }

    /// Have the host look into the stores `user` and `project` in the case's folder, with this turned on.
    pub(crate) fn survey(&mut self, enablement: &str) -> Result<Answered<Plugins>, Stop> {
        let folder = self.folder();
        let ask = Ask::Survey(Survey {
            profile: self.profile,
            user: folder.join("user"),
            project: folder.join("project"),
            enablement: enablement.to_owned(),
        });
        self.ask(&ask, enablement, |done| match done {
            Done::Plugins(plugins) => Some(plugins),
            _ => None,
        })
    }

    /// Have the host say what of a plugin could be used.
    pub(crate) fn examine(&mut self, plugin: &Plugin) -> Result<Answered<Rows>, Stop> {
        let Packed { archive, grants, .. } = plugin.package(&[]);
        let said = format!("{}# grants\n{grants}", plugin.manifest_text());
        let ask = Ask::Examine(Examine {
            profile: self.profile,
            package: self.lay_out(&archive)?,
            grants,
        });
        self.ask(&ask, &said, |done| match done {
            Done::Rows(rows) => Some(rows),
            _ => None,
        })
    }

    pub(crate) fn start(&mut self) -> Result<Answered<Status>, Stop> {
        self.life(&Ask::Start)
    }

    pub(crate) fn status(&mut self) -> Result<Answered<Status>, Stop> {
        self.life(&Ask::Status)
    }

    pub(crate) fn stop(&mut self) -> Result<Answered<Status>, Stop> {
        self.life(&Ask::Stop)
    }

    pub(crate) fn restart(&mut self) -> Result<Answered<Status>, Stop> {
        self.life(&Ask::Restart)
    }

    /// Call the tool of most plugins.
    pub(crate) fn call(&mut self, input: &str) -> Result<Answered<Tool>, Stop> {
        self.call_tool(TOOL, input)
    }

    pub(crate) fn call_tool(&mut self, tool: &str, input: &str) -> Result<Answered<Tool>, Stop> {
        let input = match &self.told {
            Some(told) => self.unless_taken(input, told)?,
            None => input.to_owned(),
        };
        let said = format!("{tool} {input}");
        let ask = Ask::Call {
            tool: tool.to_owned(),
            input,
        };
        self.ask(&ask, &said, |done| match done {
            Done::Tool(tool) => Some(tool),
            _ => None,
        })
    }

    /// Call a tool that calls the host once, and give the host's answer.
    pub(crate) fn host_answer(&mut self, input: &str) -> Result<String, Stop> {
        Ok(self.host_answers(input, 1)?.concat())
    }

    /// Call a tool that calls the host so many times, and give the host's answers: as many as were wanted, or the host
    /// changed what the tool said.
    pub(crate) fn host_answers(&mut self, input: &str, wanted: usize) -> Result<Vec<String>, Stop> {
        let answer = self.call(input)?;
        let tool = self.done("an answer of the tool", answer)?;
        let counted = |number: usize| match number {
            1 => "1 answer of the host".to_owned(),
            number => format!("{number} answers of the host"),
        };
        let expected = || format!("what the tool said, with {}", counted(wanted));
        let Some(content) = tool.content else {
            return Err(Stop::fail(expected(), "an answer without content"));
        };
        let answers: Vec<String> = content.split(SEPARATOR).map(str::to_owned).collect();
        crate::expect(answers.len() == wanted, expected, || {
            format!("{}: {}", counted(answers.len()), self.shown(&content))
        })?;
        Ok(answers)
    }

    /// Deliver an event that keeps every rule to the ingress of most plugins.
    pub(crate) fn deliver(&mut self) -> Result<Answered<Service>, Stop> {
        self.deliver_event(INGRESS, event())
    }

    pub(crate) fn deliver_event(&mut self, ingress: &str, event: Value) -> Result<Answered<Service>, Stop> {
        let said = format!("{ingress} {event}");
        let ask = Ask::Deliver {
            ingress: ingress.to_owned(),
            event,
        };
        self.ask(&ask, &said, |done| match done {
            Done::Service(service) => Some(service),
            _ => None,
        })
    }

    /// Send an event, and do not wait for what becomes of it.
    pub(crate) fn enqueue(&mut self, ingress: &str, event: Value) -> Result<Answered<()>, Stop> {
        let said = format!("{ingress} {event}");
        let ask = Ask::Enqueue {
            ingress: ingress.to_owned(),
            event,
        };
        self.ask(&ask, &said, |done| match done {
            Done::Queued => Some(()),
            _ => None,
        })
    }

    /// What became of the events that were sent so: what the plugin added to its answer, or why there is none.
    pub(crate) fn settle(&mut self) -> Result<Vec<Answered<Value>>, Stop> {
        let answer = self.ask(&Ask::Settle, "", |done| match done {
            Done::Settled(settled) => Some(settled),
            _ => None,
        })?;
        let settled = self.done("to be told what became of the events", answer)?;
        let told = settled.into_iter().map(|settled| match settled {
            Settled::Done(service) => Ok(service.data),
            Settled::Refused(refusal) => Err(refusal),
        });
        Ok(told.collect())
    }

    pub(crate) fn report(&mut self) -> Result<Report, Stop> {
        let answer = self.ask(&Ask::Report, "", |done| match done {
            Done::Report(report) => Some(report),
            _ => None,
        })?;
        self.done("a report", answer)
    }

    /// That the plugin is where it should be in its life.
    pub(crate) fn expect_lifecycle(&mut self, wanted: Lifecycle) -> Checked {
        let report = self.report()?;
        crate::expect_eq("the life cycle", &wanted, &report.lifecycle)
    }

    /// What was done, where it was meant to be.
    pub(crate) fn done<T>(&self, expected: &str, answer: Answered<T>) -> Result<T, Stop> {
        answer.map_err(|refusal| {
            Stop::fail(
                expected,
                format!(
                    "refused as {}: {}",
                    word(&refusal.kind),
                    self.shown(&refusal.message)
                ),
            )
        })
    }

    /// That something was refused, and whose fault it was said to be.
    pub(crate) fn refused<T: serde::Serialize>(
        &self,
        kinds: &[RefusalKind],
        answer: Answered<T>,
    ) -> Result<Refusal, Stop> {
        match answer {
            Err(refusal) if kinds.contains(&refusal.kind) => Ok(refusal),
            Err(refusal) => Err(Stop::fail(
                format!("to be refused as {}", names(kinds)),
                format!(
                    "refused as {}: {}",
                    word(&refusal.kind),
                    self.shown(&refusal.message)
                ),
            )),
            Ok(done) => Err(Stop::fail(
                format!("to be refused as {}", names(kinds)),
                match serde_json::to_string(&done).unwrap_or_default().as_str() {
                    "null" => "done".to_owned(),
                    done => format!("done: {}", self.shown(done)),
                },
            )),
        }
    }

    /// What is shown of a text.
    pub(crate) fn shown(&self, text: &str) -> String {
        let hidden = self.hidden.iter();
        hidden.fold(text.to_owned(), |text, (what, shown)| text.replace(what, shown))
    }

    /// A failure without what differs from run to run.
    pub(crate) fn shown_stop(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Fail(finding) => Stop::fail(self.shown(&finding.expected), self.shown(&finding.seen)),
            other => other,
        }
    }

    /// What tells ports, in the place of `null`.
    fn unless_taken(&self, taken: &str, told: &str) -> Result<String, Stop> {
        match taken {
            "null" => Ok(told.to_owned()),
            taken => Err(Stop::Harness(format!(
                "the ports that a plugin reaches are told where {} stands",
                self.shown(taken)
            ))),
        }
    }

    fn life(&mut self, ask: &Ask) -> Result<Answered<Status>, Stop> {
        self.ask(ask, "", |done| match done {
            Done::Status(status) => Some(status),
            _ => None,
        })
    }

    fn ask<T>(
        &mut self,
        ask: &Ask,
        said: &str,
        wanted: impl FnOnce(Done) -> Option<T>,
    ) -> Result<Answered<T>, Stop> {
        self.ctx.sent(ask.name(), &self.shown(said));
        let outcome = self
            .host
            .ask(ask)
            .map_err(|fault| Stop::CouldNotRun(self.shown(&fault.0)))?;
        let text = serde_json::to_string(&outcome).unwrap_or_default();
        self.ctx.got(ask.name(), &self.shown(&text));
        match outcome {
            Outcome::Refused(refusal) => Ok(Err(refusal)),
            Outcome::Done(done) => match wanted(done) {
                Some(done) => Ok(Ok(done)),
                None => Err(Stop::CouldNotRun(format!(
                    "the host answers `{}` with something else than that",
                    ask.name()
                ))),
            },
        }
    }

    fn lay_out(&mut self, archive: &[u8]) -> Result<PathBuf, Stop> {
        self.packages += 1;
        self.shelf
            .lay_out(self.packages, archive)
            .map_err(|error| Stop::Harness(format!("a package cannot be written: {error}")))
    }
}

/// An event that keeps every rule. Its id is `e-1`.
pub(crate) fn event() -> Value {
    json!({
        "kind": "test",
        "source": "suite",
        "ingress_name": INGRESS,
        "payload": { "text": "hello" },
        "created_at": "2026-11-20T10:00:00.000Z",
        "attempt": 1,
        "correlation_id": "e-1",
    })
}

/// The verdicts on the commands of an event's answer.
pub(crate) fn verdicts(service: &Service) -> Vec<CommandVerdict> {
    service.commands.iter().map(|command| command.verdict).collect()
}

/// That there is a text, and that it is this one.
pub(crate) fn expect_text(what: &str, wanted: &str, seen: Option<&str>) -> Checked {
    crate::expect(
        seen == Some(wanted),
        || format!("{what} to be {}", crate::shown(wanted)),
        || seen.map_or_else(|| "none".to_owned(), crate::shown),
    )
}

fn names(kinds: &[RefusalKind]) -> String {
    let names: Vec<String> = kinds.iter().map(word).collect();
    names.join(" or ")
}
