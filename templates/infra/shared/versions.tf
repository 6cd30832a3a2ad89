terraform {
  # From here on a password can be given to Azure without being kept in the state.
  required_version = ">= 1.11.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.60"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }

  # Where it is: backend.hcl, which `llmops infra apply` writes. A lease of the blob is the lock.
  backend "azurerm" {}
}

# Who applies, and in which subscription: `llmops infra` says so in the environment (ARM_…).
provider "azurerm" {
  storage_use_azuread = true

  # Those that a new subscription lacks; without them the first apply would fail half-way.
  resource_providers_to_register = [
    "Microsoft.App",
    "Microsoft.Cache",
    "Microsoft.Consumption",
    "Microsoft.ContainerRegistry",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.ServiceBus",
    "Microsoft.Storage",
    "Microsoft.Web",
  ]

  features {
    key_vault {
      # The vault outlives a destroy for 90 days, and the next apply brings it back.
      purge_soft_delete_on_destroy    = false
      recover_soft_deleted_key_vaults = true
      recover_soft_deleted_secrets    = true
    }
    resource_group {
      # What somebody put there by hand is not ours to remove.
      prevent_deletion_if_contains_resources = true
    }
  }
}
