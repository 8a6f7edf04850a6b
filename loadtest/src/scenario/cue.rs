//! How a change is set off: an edit that is written, pushed or applied, or any command.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, bail};
use tokio::process::Command;

use super::edit::Edited;

/// What sets the change off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// An edit of an overlay, and what carries it on.
    Edit {
        /// The edit.
        edited: Edited,
        /// What follows.
        delivery: Delivery,
    },
    /// A command of the shell.
    Command(String),
}

/// What carries an edit on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: somebody watches the file.
    Written,
    /// A commit of that file, pushed.
    Pushed,
    /// A command of the shell, which finds the overlay's path in `$OVERLAY`.
    Applied {
        /// The command.
        command: String,
        /// The overlay.
        overlay: PathBuf,
    },
}

impl Trigger {
    /// What it does, in words.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Command(command) => command.clone(),
            Self::Edit { edited, delivery } => {
                let how = match delivery {
                    Delivery::Written => "written".to_owned(),
                    Delivery::Pushed => "committed and pushed".to_owned(),
                    Delivery::Applied { command, .. } => format!("applied with {command}"),
                };
                format!("Set {}, {how}", edited.description)
            }
        }
    }

    /// Sets it off, and returns when that is done: pushed, applied, or the command has ended.
    ///
    /// # Errors
    /// A file could not be written, or a command failed.
    pub async fn pull(self) -> anyhow::Result<()> {
        match self {
            Self::Command(command) => shell(&command, None).await,
            Self::Edit { edited, delivery } => match delivery {
                Delivery::Written => edited.write(),
                Delivery::Pushed => push(&edited).await,
                Delivery::Applied { command, overlay } => {
                    edited.write()?;
                    shell(&command, Some(&overlay)).await
                }
            },
        }
    }
}

/// Writes, commits and pushes; if one of these fails, all is taken back, so that it can be tried again.
async fn push(edited: &Edited) -> anyhow::Result<()> {
    let folder = edited.path.parent().context("a file lies in a folder")?;
    let file = edited.path.file_name().context("a file has a name")?;
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder).args(arguments);
        git
    };
    let before = std::fs::read(&edited.path)
        .with_context(|| format!("{}: failed to read", edited.path.display()))?;
    edited.write()?;
    let mut is_committed = false;
    let pushed = async {
        // Only this file, whatever else is staged or changed.
        let message = format!("Set {}", edited.description);
        run("git add", git(&["add", "--"]).arg(file)).await?;
        run("git commit", git(&["commit", "--quiet", "-m", &message, "--"]).arg(file)).await?;
        is_committed = true;
        run("git push", &mut git(&["push", "--quiet"])).await
    };
    let Err(failed) = pushed.await else { return Ok(()) };
    let taken_back = async {
        if is_committed {
            run("git reset", &mut git(&["reset", "--quiet", "--soft", "HEAD~1"])).await?;
        }
        run("git reset", git(&["reset", "--quiet", "--"]).arg(file)).await?;
        std::fs::write(&edited.path, before)
            .with_context(|| format!("{}: failed to write", edited.path.display()))
    };
    Err(match taken_back.await {
        Ok(()) => failed.context("the edit is taken back"),
        Err(error) => failed.context(format!("the edit can't be taken back: {error:#}")),
    })
}

async fn shell(command: &str, overlay: Option<&Path>) -> anyhow::Result<()> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    if let Some(overlay) = overlay {
        shell.env("OVERLAY", overlay);
    }
    run(command, &mut shell).await
}

/// Runs a command to its end. What it prints would tear the dashboard, so it is shown only if it fails.
async fn run(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let command = command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.with_context(|| format!("{name}: failed to start"))?;
    let Output { status, stdout, stderr } = output;
    if status.success() {
        return Ok(());
    }
    let printed = [stdout, stderr].concat();
    match String::from_utf8_lossy(&printed).trim() {
        "" => bail!("{name}: failed with {status}, and said nothing"),
        printed => bail!("{name}: failed with {status}: {printed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(command: &str, folder: &Path) -> Trigger {
        let edited = Edited {
            description: "replicas of api to 4".to_owned(),
            path: folder.join("kustomization.yaml"),
            after: "new\n".to_owned(),
        };
        let (command, overlay) = (command.to_owned(), folder.to_owned());
        Trigger::Edit { edited, delivery: Delivery::Applied { command, overlay } }
    }

    #[tokio::test]
    async fn an_edit_is_written_before_it_is_applied() {
        let folder = tempfile::tempdir().unwrap();
        let command = "cp $OVERLAY/kustomization.yaml $OVERLAY/applied";
        applied(command, folder.path()).pull().await.unwrap();
        let applied = std::fs::read_to_string(folder.path().join("applied")).unwrap();
        assert_eq!(applied, "new\n");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_an_error_with_what_it_said() {
        let command = Trigger::Command("echo no such cluster >&2; exit 3".to_owned());
        let error = command.pull().await.unwrap_err().to_string();
        assert!(error.contains("exit status: 3: no such cluster"), "{error}");
    }

    /// A remote and a clone of it with an overlay, and another file that is staged.
    struct Repository {
        folder: tempfile::TempDir,
    }

    impl Repository {
        async fn new() -> Self {
            let repository = Self { folder: tempfile::tempdir().unwrap() };
            repository
                .shell(
                    "git init --quiet --bare remote.git && git clone --quiet remote.git clone && cd clone &&
                     git config user.name n && git config user.email e@localhost &&
                     echo old > kustomization.yaml && git add . && git commit --quiet -m first &&
                     git push --quiet origin HEAD && echo staged > other && git add other",
                )
                .await;
            repository
        }

        /// What a command prints.
        async fn shell(&self, command: &str) -> String {
            let mut shell = Command::new("sh");
            let output = shell.args(["-c", command]).current_dir(&self.folder).output().await;
            let Output { status, stdout, stderr } = output.unwrap();
            assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
            String::from_utf8(stdout).unwrap()
        }

        async fn push(&self) -> anyhow::Result<()> {
            let edited = Edited {
                description: "replicas of api to 4".to_owned(),
                path: self.folder.path().join("clone/kustomization.yaml"),
                after: "new\n".to_owned(),
            };
            Trigger::Edit { edited, delivery: Delivery::Pushed }.pull().await
        }
    }

    #[tokio::test]
    async fn an_edit_is_committed_alone_and_pushed() {
        let repository = Repository::new().await;
        repository.push().await.unwrap();
        let log = repository.shell("git -C remote.git log -1 --format=%s --name-only").await;
        assert_eq!(log, "Set replicas of api to 4\n\nkustomization.yaml\n");
    }

    #[tokio::test]
    async fn an_edit_that_is_refused_is_taken_back() {
        for hook in ["remote.git/hooks/pre-receive", "clone/.git/hooks/pre-commit"] {
            let repository = Repository::new().await;
            let state =
                "cd clone; git log --format=%s; git status --porcelain; cat kustomization.yaml";
            let before = repository.shell(state).await;
            let refuse = format!("printf '#!/bin/sh\necho not today >&2; exit 1' > {hook}");
            repository.shell(&format!("{refuse}; chmod +x {hook}")).await;
            let error = format!("{:#}", repository.push().await.unwrap_err());
            assert!(error.contains("taken back") && error.contains("not today"), "{error}");
            assert_eq!(repository.shell(state).await, before);
            repository.shell(&format!("rm {hook}")).await;
            repository.push().await.unwrap();
        }
    }
}
