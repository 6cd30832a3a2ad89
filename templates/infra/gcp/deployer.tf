# What deploys, for a workflow or for people: gcloud auth … --impersonate-service-account. Whoever owns
# the project needs none of it.

resource "google_service_account" "deployer" {
  account_id   = "${local.short}-deploy"
  display_name = "Deploys ${var.project} (${var.target})"

  depends_on = [google_project_service.main]
}

resource "google_artifact_registry_repository_iam_member" "deployer_pushes" {
  repository = google_artifact_registry_repository.main.name
  location   = var.location
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deployer.member
}

# The lock and the history; the second role lets the bucket itself be looked at.
resource "google_storage_bucket_iam_member" "deployer" {
  for_each = toset(["roles/storage.objectUser", "roles/storage.legacyBucketReader"])

  bucket = google_storage_bucket.main.name
  role   = each.key
  member = google_service_account.deployer.member
}

# A release runs as the service account above, which wants the right to give it.
resource "google_service_account_iam_member" "deployer_gives_identity" {
  service_account_id = google_service_account.service.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

# Names and versions of secrets can be seen; values of this project's only, and new versions of them
# be added. Secrets themselves are made by people: `llmops secrets set`.
resource "google_project_iam_member" "deployer_lists_secrets" {
  project = var.gcp_project
  role    = "roles/secretmanager.viewer"
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer_secrets" {
  for_each = toset(["roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionManager"])

  project = var.gcp_project
  role    = each.key
  member  = google_service_account.deployer.member

  condition {
    title       = "secrets of ${var.project}"
    description = "Only secrets whose names begin with ${local.secret_prefix}"
    expression  = "resource.name.startsWith(\"${local.secrets}\")"
  }
}

resource "google_project_iam_member" "deployer_reads_logs" {
  project = var.gcp_project
  role    = "roles/logging.viewer"
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer_deploys" {
  project = var.gcp_project
  role    = local.deploying
  member  = google_service_account.deployer.member
}
