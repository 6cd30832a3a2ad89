# The bucket that keeps the state of this infrastructure. `llmops infra apply` applies this once, and
# then moves this part's own state there too.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 8"
    }
  }

  backend "gcs" {}
}

provider "google" {
  project = var.gcp_project
  region  = var.location

  default_labels = {
    application = var.project
    target      = var.target
    managed-by  = "llmops"
  }
}

variable "project" {
  description = "Name of the project in llmops.toml."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "gcp_project" {
  description = "Id of the project of Google Cloud."
  type        = string
}

variable "location" {
  description = "Region of the bucket."
  type        = string
}

locals {
  name   = lower(replace("${var.project}-${var.target}", "_", "-"))
  suffix = substr(sha256("${var.gcp_project}/${var.location}/${local.name}/state"), 0, 8)
}

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:Who read or wrote is in the audit log; a bucket for the logs of a bucket has no end.
  name                        = "${trimsuffix(substr(local.name, 0, 40), "-")}-tfstate-${local.suffix}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 90
      send_age_if_zero           = false
    }
    action {
      type = "Delete"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

output "bucket" {
  value = google_storage_bucket.state.name
}
