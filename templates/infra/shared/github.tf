# What a workflow on GitHub deploys as. There is no secret: Azure trusts GitHub's token for jobs of
# this repository that run in one of these environments, and for no other job.

locals {
  deployers    = var.repository == null ? 0 : 1
  environments = length(var.github_environments) == 0 ? [var.target] : var.github_environments

  # A repository that was made, renamed or transferred since 15 July 2026 names itself with numbers,
  # an older one without: https://docs.github.com/actions/reference/security/oidc
  by_name   = var.repository == null ? {} : { name = "repo:${var.repository}" }
  by_number = var.repository_id == null || var.repository == null ? {} : { number = "repo:${split("/", var.repository)[0]}@${var.owner_id}/${split("/", var.repository)[1]}@${var.repository_id}" }

  subjects = merge([
    for environment in local.environments : {
      for form, prefix in merge(local.by_name, local.by_number) :
      "${replace(environment, "/[^A-Za-z0-9-]/", "-")}-${form}" => "${prefix}:environment:${environment}"
    }
  ]...)

  token_audience = {
    public        = "api://AzureADTokenExchange"
    us-government = "api://AzureADTokenExchangeUSGov"
    china         = "api://AzureADTokenExchangeChina"
  }[var.cloud]
}

resource "azurerm_user_assigned_identity" "deployer" {
  count = local.deployers

  name                = "id-${local.name}-deployer"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "github" {
  for_each = local.subjects

  name                = "github-${each.key}"
  resource_group_name = azurerm_resource_group.main.name
  parent_id           = azurerm_user_assigned_identity.deployer[0].id
  issuer              = "https://token.actions.githubusercontent.com"
  audience            = [local.token_audience]
  subject             = each.value
}

resource "azurerm_role_assignment" "deployer_pushes" {
  count = local.deployers

  scope                = azurerm_container_registry.main.id
  role_definition_name = "AcrPush"
  principal_id         = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "deployer_sets_secrets" {
  count = local.deployers

  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "deployer_changes_app" {
  count = local.deployers

  scope                = local.app_id
  role_definition_name = local.app_contributor
  principal_id         = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type       = "ServicePrincipal"
}

# The plan or environment that the app is in, the registry, the vault: seen, not changed.
resource "azurerm_role_assignment" "deployer_looks" {
  count = local.deployers

  scope                = azurerm_resource_group.main.id
  role_definition_name = "Reader"
  principal_id         = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type       = "ServicePrincipal"
}

# A change of the app names the identity that it has, which wants the right to give it.
resource "azurerm_role_assignment" "deployer_gives_identity" {
  count = local.deployers

  scope                = azurerm_user_assigned_identity.app.id
  role_definition_name = "Managed Identity Operator"
  principal_id         = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type       = "ServicePrincipal"
}
