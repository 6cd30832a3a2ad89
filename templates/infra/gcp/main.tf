data "google_project" "main" {
  project_id = var.gcp_project
}

locals {
  name = lower(replace("${var.project}-${var.target}", "_", "-"))
  # Service accounts have names of at most 30 characters.
  short = trimsuffix(substr(local.name, 0, 20), "-")
  # The same in every apply; names of buckets are unique in all of Google Cloud.
  suffix = substr(sha256("${var.gcp_project}/${var.location}/${local.name}"), 0, 8)
  labels = { application = var.project, target = var.target, managed-by = "llmops" }

  secret_prefix = coalesce(var.secret_prefix, "${var.project}-")
  # In conditions projects are called by their numbers.
  secrets = "projects/${data.google_project.main.number}/secrets/${local.secret_prefix}"

  interfaces = concat(local.interfaces_of_kind, [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ], var.monthly_budget == null ? [] : ["billingbudgets.googleapis.com"])
}

resource "google_project_service" "main" {
  for_each = toset(var.enable_apis ? local.interfaces : [])

  service = each.key
  # Others in the project may use it by then.
  disable_on_destroy = false
}
