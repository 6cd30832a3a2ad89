resource "aws_ecr_repository" "main" {
  #checkov:skip=CKV_AWS_136:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  name                 = var.project
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection

  encryption_configuration {
    encryption_type = "AES256"
  }
  image_scanning_configuration {
    scan_on_push = true
  }
}

# Releases have tags: none of them is removed, so that each can be gone back to.
resource "aws_ecr_lifecycle_policy" "main" {
  repository = aws_ecr_repository.main.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Images that no release is"
      selection = {
        tagStatus   = "untagged"
        countType   = "imageCountMoreThan"
        countNumber = var.registry_keep
      }
      action = { type = "expire" }
    }]
  })
}
