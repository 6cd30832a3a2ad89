# What releases run as: the secrets of this project, and nothing else unless they ask models.

resource "google_service_account" "service" {
  account_id   = "${local.short}-api"
  display_name = "Releases of ${var.project} (${var.target})"

  depends_on = [google_project_service.main]
}

# Secrets are made by `llmops secrets set`; those whose names begin so may be read, and no others.
resource "google_project_iam_member" "service_reads_secrets" {
  project = var.gcp_project
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.service.member

  condition {
    title       = "secrets of ${var.project}"
    description = "Only secrets whose names begin with ${local.secret_prefix}"
    expression  = "resource.name.startsWith(\"${local.secrets}\")"
  }
}

resource "google_project_iam_member" "service_asks_models" {
  count = var.calls_models ? 1 : 0

  project = var.gcp_project
  role    = "roles/aiplatform.user"
  member  = google_service_account.service.member
}
