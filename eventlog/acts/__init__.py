"""Acts: who changed what others see."""
