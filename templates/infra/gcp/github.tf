# A workflow on GitHub logs in without a secret: Google trusts GitHub's token for jobs of this
# repository that run in one of these environments, and for no other job. The repository is known by
# its numbers: a name can come to be somebody else's.

locals {
  trusts       = var.repository == null ? 0 : 1
  environments = length(var.github_environments) == 0 ? [var.target] : var.github_environments
}

# A pool that was destroyed keeps its id for 30 days: gcloud iam workload-identity-pools undelete.
resource "google_iam_workload_identity_pool" "github" {
  count = local.trusts

  workload_identity_pool_id = "gh-${trimsuffix(substr(local.name, 0, 20), "-")}-${local.suffix}"
  display_name              = "GitHub"
  description               = "Workflows of ${var.repository}"

  depends_on = [google_project_service.main]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  count = local.trusts

  #checkov:skip=CKV_GCP_125:The condition below names owner, repository and environments.
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"

  attribute_condition = join(" && ", [
    "assertion.repository_owner_id == \"${var.owner_id}\"",
    "assertion.repository_id == \"${var.repository_id}\"",
    "assertion.environment in ${jsonencode(local.environments)}",
  ])
  attribute_mapping = {
    # GitHub's own subject can be longer than Google takes.
    "google.subject"          = "assertion.repository_id + ':' + assertion.run_id + ':' + assertion.actor_id"
    "attribute.repository_id" = "assertion.repository_id"
    "attribute.environment"   = "assertion.environment"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "github_is_deployer" {
  count = local.trusts

  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github[0].name}/attribute.repository_id/${var.repository_id}"
}
