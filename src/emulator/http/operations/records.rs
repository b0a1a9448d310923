//! Records: put.

use super::{Answered, Call};
use crate::emulator::http::answers;

impl Call<'_> {
    pub(super) async fn put_record(&self) -> Answered {
        let (stream, record) = (self.members.stream()?, self.members.record()?);
        let put = self.of_stream(&stream, |model, now| model.put_record(&stream, record, now)).await?;
        Ok(Some(answers::put(&put, self.settings)))
    }

    pub(super) async fn put_records(&self) -> Answered {
        let (stream, records) = (self.members.stream()?, self.members.records()?);
        let put = self.of_stream(&stream, |model, now| model.put_records(&stream, records, now)).await?;
        Ok(Some(answers::put_all(&put, self.settings)))
    }
}
