# The account that keeps the state of this infrastructure, and what locks it. `llmops infra apply`
# applies this once, and then moves this part's own state there too.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.60"
    }
  }

  backend "azurerm" {}
}

provider "azurerm" {
  storage_use_azuread = true
  features {}
}

variable "project" {
  description = "Name of the project."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "location" {
  description = "Region of the account."
  type        = string
}

variable "name_suffix" {
  description = "End of the name of the account, which is unique in all of Azure. Default: made from the subscription."
  type        = string
  default     = null
}

variable "operators" {
  description = "Object ids of who may change the infrastructure, besides whoever applies first."
  type        = list(string)
  default     = []
}

data "azurerm_client_config" "current" {}

locals {
  name   = "${var.project}-${var.target}"
  suffix = coalesce(var.name_suffix, substr(sha256("${data.azurerm_client_config.current.subscription_id}/${local.name}/state"), 0, 6))
  tags = {
    application = var.project
    target      = var.target
    managed-by  = "llmops"
  }
}

# A group of its own: to destroy the infrastructure does not take its state away.
resource "azurerm_resource_group" "state" {
  name     = "rg-${local.name}-state"
  location = var.location
  tags     = local.tags
}

resource "azurerm_storage_account" "state" {
  name                             = "sttf${substr(replace(local.name, "-", ""), 0, 14)}${local.suffix}"
  resource_group_name              = azurerm_resource_group.state.name
  location                         = azurerm_resource_group.state.location
  account_kind                     = "StorageV2"
  account_tier                     = "Standard"
  account_replication_type         = "GRS"
  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  local_user_enabled               = false
  tags                             = local.tags

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 90
    }
    container_delete_retention_policy {
      days = 90
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "state" {
  name                  = "tfstate"
  storage_account_id    = azurerm_storage_account.state.id
  container_access_type = "private"
}

# Whoever applies is among them: the next thing that is written there is the state itself.
resource "azurerm_role_assignment" "operators" {
  for_each = toset(concat(var.operators, [data.azurerm_client_config.current.object_id]))

  scope                = azurerm_storage_account.state.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = each.value
}

output "subscription_id" {
  value = data.azurerm_client_config.current.subscription_id
}

output "resource_group_name" {
  value = azurerm_resource_group.state.name
}

output "storage_account_name" {
  value = azurerm_storage_account.state.name
}

output "container_name" {
  value = azurerm_storage_container.state.name
}
