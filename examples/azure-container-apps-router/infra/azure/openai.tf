# This example's own: Azure OpenAI that lets identities in and has no key which could leak.

variable "chat_model" {
  description = "Model, as `az cognitiveservices model list` names it. It is the deployment's name too."
  type        = string
  default     = "gpt-4.1-mini"
}

variable "chat_model_version" {
  description = "Version of the model."
  type        = string
  default     = "2025-04-14"
}

variable "chat_capacity" {
  description = "Thousands of tokens a minute."
  type        = number
  default     = 50
}

resource "azurerm_resource_provider_registration" "cognitive_services" {
  name = "Microsoft.CognitiveServices"
}

resource "azurerm_cognitive_account" "openai" {
  #checkov:skip=CKV_AZURE_134:Its address is public, and only tokens of identities with a role open it; a private endpoint would cost more than it adds here
  #checkov:skip=CKV_AZURE_238:It reads nothing of others, so it needs no identity of its own
  #checkov:skip=CKV_AZURE_247:It may reach nothing outside; the check wants at least one exception
  #checkov:skip=CKV2_AZURE_22:It keeps no data of ours; what passes through is encrypted with keys of Microsoft
  name                               = "oai-${local.name}-${local.suffix}"
  resource_group_name                = azurerm_resource_group.main.name
  location                           = azurerm_resource_group.main.location
  kind                               = "OpenAI"
  sku_name                           = "S0"
  custom_subdomain_name              = "oai-${local.name}-${local.suffix}"
  local_auth_enabled                 = false
  outbound_network_access_restricted = true
  fqdns                              = []
  tags                               = local.tags

  depends_on = [azurerm_resource_provider_registration.cognitive_services]
}

resource "azurerm_cognitive_deployment" "chat" {
  name                 = var.chat_model
  cognitive_account_id = azurerm_cognitive_account.openai.id

  model {
    format  = "OpenAI"
    name    = var.chat_model
    version = var.chat_model_version
  }

  sku {
    name     = "GlobalStandard"
    capacity = var.chat_capacity
  }
}

resource "azurerm_role_assignment" "app_asks_openai" {
  scope                = azurerm_cognitive_account.openai.id
  role_definition_name = "Cognitive Services OpenAI User"
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}

output "openai_base_url" {
  description = "For base_url in llmops.toml."
  value       = "${azurerm_cognitive_account.openai.endpoint}openai/v1"
}
