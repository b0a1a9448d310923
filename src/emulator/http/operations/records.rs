//! Records: put.

use super::{Answered, Call};
use crate::emulator::http::answers;

impl Call<'_> {
    pub(super) async fn put_record(&self) -> Answered {
        let (stream, record) = (self.members.stream()?, self.members.record()?);
        let ordered = self.members.optional_sequence_number("SequenceNumberForOrdering")?.is_some();
        let dry_run = self.members.flag("DryRun")?;
        let put = self.of_stream(&stream, |model, now| {
            if ordered {
                model.check_ordering(&stream, now)?;
            }
            if dry_run {
                model.dry_run_put(&stream, std::slice::from_ref(&record), now)?;
            }
            model.put_record(&stream, record, now)
        });
        Ok(Some(answers::records::put(&put.await?)))
    }

    pub(super) async fn put_records(&self) -> Answered {
        let (stream, records) = (self.members.stream()?, self.members.records()?);
        let dry_run = self.members.flag("DryRun")?;
        let put = self.of_stream(&stream, |model, now| {
            if dry_run {
                model.dry_run_put(&stream, &records, now)?;
            }
            model.put_records(&stream, records, now)
        });
        Ok(Some(answers::records::put_all(&put.await?)))
    }
}
