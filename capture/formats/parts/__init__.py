"""Parts shared by readers and writers of foreign formats: archives, videos, images, intrinsics, poses."""
