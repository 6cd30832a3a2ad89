# The project's bucket: the lock of deploys, what is on record of releases, and their history.

resource "google_storage_bucket" "main" {
  #checkov:skip=CKV_GCP_62:Who read or wrote is in the audit log; a bucket for the logs of a bucket has no end.
  name                        = "${trimsuffix(substr(local.name, 0, 40), "-")}-llmops-${local.suffix}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Without what it is about, it says nothing any more.
  force_destroy = true

  versioning {
    enabled = true
  }
  # The lock is written every few seconds of a deploy.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
      send_age_if_zero           = false
    }
    action {
      type = "Delete"
    }
  }
}
