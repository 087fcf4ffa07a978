//! The files that a command is given to read.

use std::fs::File;
use std::path::Path;

use super::context::Context;
use crate::trouble::Trouble;

/// Opens a file, or says which one cannot be read and what to give instead. `ending` is that of such files.
pub(super) fn open(context: &Context, path: &Path, ending: &str) -> Result<File, Trouble> {
    let place = path.display();
    // A folder opens like a file and only fails when it is read.
    if path.is_dir() {
        let what = context
            .say(
                &format!("{place} 是文件夹，不是文件"),
                &format!("{place} is a folder, not a file"),
            )
            .to_owned();
        let files = path.join(format!("*.{ending}"));
        let files = files.display();
        return Err(Trouble::wrong_use(what).advise(context.say(
            &format!("请给出其中的文件，先形成的在前，例如 {files}"),
            &format!("give the files in it, the oldest first, such as {files}"),
        )));
    }
    File::open(path).map_err(|error| {
        Trouble::could_not_run(context.say(
            &format!("{place} 无法读取：{error}"),
            &format!("{place} cannot be read: {error}"),
        ))
    })
}
