# `llmops infra apply` writes those that are keys of [targets.NAME] into llmops.toml.

output "project" {
  value = var.gcp_project
}

output "location" {
  value = var.location
}

output "bucket" {
  value = google_storage_bucket.main.name
}

output "service_account" {
  value = google_service_account.service.email
}

output "secret_prefix" {
  value = local.secret_prefix
}

output "registry" {
  value = "${var.location}-docker.pkg.dev/${var.gcp_project}/${google_artifact_registry_repository.main.repository_id}"
}

output "deployer" {
  description = "What a workflow deploys as: the variable GCP_SERVICE_ACCOUNT of its environment on GitHub."
  value       = google_service_account.deployer.email
}

output "workload_identity_provider" {
  description = "What trusts GitHub: the variable GCP_WORKLOAD_IDENTITY_PROVIDER of that environment."
  value       = one(google_iam_workload_identity_pool_provider.github[*].name)
}
