//! What a host on bare metal does.

use alloc::format;

use crate::handover::Job;
use crate::platform::Platform;
use crate::record::{Record, Recorder};
use crate::sweep::{Found, Report, Undisturbed, sweep};

/// Does a job on a platform that has the guest's board and memory, and says how it went.
///
/// Answers whether it could be done.
pub fn serve<P: Platform>(job: &Job, platform: P, mut write: impl FnMut(Record)) -> bool {
    let guest = match job.start.onto(platform) {
        Ok(guest) => guest,
        Err(error) => {
            write(Record::Failed(format!("the guest cannot be restored: {error}")));
            return false;
        }
    };
    match &job.course {
        None => Recorder::new(write).run(&mut job.how.runner(guest)),
        Some(course) => {
            let mut said = Said { write, injections: 0 };
            sweep(guest, course, &mut said);
            let injections = said.injections;
            (said.write)(Record::Swept { injections });
        }
    }
    true
}

/// Turns what a sweep finds into records.
struct Said<W> {
    write: W,
    injections: u64,
}

impl<W: FnMut(Record)> Report for Said<W> {
    fn undisturbed(&mut self, undisturbed: Undisturbed) {
        (self.write)(Record::Undisturbed(undisturbed));
    }

    fn found(&mut self, found: Found, times: u32) {
        self.injections += u64::from(times);
        (self.write)(Record::Found { found, times });
    }
}
