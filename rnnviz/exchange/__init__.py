"""Networks that come from elsewhere, and go there: PyTorch's modules, files of tensors."""
