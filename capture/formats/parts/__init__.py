"""Parts that readers and writers of foreign formats share: archives, videos, images, cameras, poses."""
