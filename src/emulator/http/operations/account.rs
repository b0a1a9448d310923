//! The account: its limits and settings.

use super::{Answered, Call};
use crate::emulator::http::answers;
use crate::emulator::model::ServiceError;

impl Call<'_> {
    pub(super) async fn describe_limits(&self) -> Answered {
        let limits = self.of_account(|model, now| Ok(model.describe_limits(now))).await?;
        Ok(Some(answers::limits(&limits)))
    }

    pub(super) async fn describe_account_settings(&self) -> Answered {
        let commitment = self.of_account(|model, now| Ok((model.describe_account_settings(), now))).await?;
        Ok(Some(answers::commitment(commitment)))
    }

    pub(super) async fn update_account_settings(&self) -> Answered {
        let wanted = self.members.structure("MinimumThroughputBillingCommitment")?;
        let wanted = wanted.ok_or_else(|| ServiceError::missing("minimumThroughputBillingCommitment"))?;
        let enabled = match wanted.required_text("Status")? {
            "ENABLED" => true,
            "DISABLED" => false,
            other => {
                let constraint = "satisfy enum value set: [ENABLED, DISABLED]";
                let member = "minimumThroughputBillingCommitment.status";
                return Err(ServiceError::validation(member, other, constraint));
            }
        };
        let updated =
            self.of_account(|model, now| Ok((model.update_account_settings(enabled, now)?, now))).await?;
        Ok(Some(answers::commitment(updated)))
    }
}
