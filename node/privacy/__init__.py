"""What leaves a hospital, in which form, and who may open it again."""
