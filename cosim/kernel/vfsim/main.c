// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "cosim/kernel/vfsim/pf.h"
#include "cosim/kernel/vfsim/variant.h"

static int __init vfsim_init(void)
{
	int ret = pci_register_driver(&vfsim_pf_driver);

	if (ret)
		return ret;
	ret = pci_register_driver(&vfsim_vfio_pci_driver);
	if (ret)
		pci_unregister_driver(&vfsim_pf_driver);
	return ret;
}

static void __exit vfsim_exit(void)
{
	pci_unregister_driver(&vfsim_vfio_pci_driver);
	pci_unregister_driver(&vfsim_pf_driver);
}

module_init(vfsim_init);
module_exit(vfsim_exit);
MODULE_DESCRIPTION("The PF of vfsim's NIC, and VFIO with migration for its VFs");
MODULE_LICENSE("GPL");
