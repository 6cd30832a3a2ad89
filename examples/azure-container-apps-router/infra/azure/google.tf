# This example's own: Google trusts the identity that the app runs under, and nobody else.
#
# The app asks Azure for a token of its identity whose audience is the application below, and Google's
# STS exchanges it. There is no service account and no key of Google's anywhere.

variable "google_project" {
  description = "Project of Google Cloud that Vertex AI is asked in."
  type        = string
}

provider "google" {
  project = var.google_project
}

provider "azuread" {
  tenant_id = data.azurerm_client_config.current.tenant_id
}

locals {
  tenant = data.azurerm_client_config.current.tenant_id
  pool   = trimsuffix(substr(var.project, 0, 32), "-")
}

# Whom the tokens are for. Entra ID gives them for nothing that it does not know.
resource "azuread_application" "google" {
  display_name    = "${local.name} to Google"
  identifier_uris = ["api://${local.tenant}/${var.project}-google"]

  api {
    # Tokens of version 1, whose issuer is https://sts.windows.net/TENANT/.
    requested_access_token_version = 1
  }
}

resource "azuread_service_principal" "google" {
  client_id = azuread_application.google.client_id
}

resource "google_project_service" "used" {
  for_each = toset(["aiplatform", "iam", "iamcredentials", "sts"])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

resource "google_iam_workload_identity_pool" "azure" {
  workload_identity_pool_id = local.pool
  description               = "Identities in Entra ID that may ask Vertex AI"

  depends_on = [google_project_service.used]
}

resource "google_iam_workload_identity_pool_provider" "azure" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.azure.workload_identity_pool_id
  workload_identity_pool_provider_id = "azure"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  # The one identity, of this one tenant. A token of any other is refused before any right is asked.
  attribute_condition = "assertion.sub == '${azurerm_user_assigned_identity.app.principal_id}' && assertion.tid == '${local.tenant}'"

  oidc {
    issuer_uri        = "https://sts.windows.net/${local.tenant}/"
    allowed_audiences = concat(tolist(azuread_application.google.identifier_uris), [azuread_application.google.client_id])
  }
}

# The right itself, without a service account in between.
resource "google_project_iam_member" "app_asks_vertex" {
  project = var.google_project
  role    = "roles/aiplatform.user"
  member  = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.azure.name}/subject/${azurerm_user_assigned_identity.app.principal_id}"
}

# What the app reads: how its token becomes one of Google's. No secret is in it; commit it.
resource "local_file" "google" {
  filename        = "${path.module}/../../google.json"
  file_permission = "0644"

  content = format("%s\n", jsonencode({
    type               = "external_account"
    universe_domain    = "googleapis.com"
    audience           = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.azure.name}"
    subject_token_type = "urn:ietf:params:oauth:token-type:jwt"
    token_url          = "https://sts.googleapis.com/v1/token"
    credential_source = {
      url     = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${tolist(azuread_application.google.identifier_uris)[0]}"
      headers = { Metadata = "True" }
      format  = { type = "json", subject_token_field_name = "access_token" }
    }
  }))
}
