package dev.lowpass.kernels.contract;

import org.junit.jupiter.api.Nested;

/**
 * Every contract, for one back end: a subclass names the back end, and that is all it does. System property
 * {@code lowpass.contract.thin} = N runs every N-th case of the long lists of shapes, for machines or lane widths that are slow.
 */
public abstract class ContractSuite implements BackendUnderTest {

    @Nested
    class Conv2d extends Conv2dContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Depthwise extends DepthwiseContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Pointwise extends PointwiseContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Chain extends ChainContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class BandPointwise extends BandPointwiseContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Dct extends DctContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Idct extends IdctContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class IdctDepthwiseDct extends IdctDepthwiseDctContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class ExpandIdctDepthwiseDct extends ExpandIdctDepthwiseDctContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class Add extends AddContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class GlobalAveragePool extends GlobalAveragePoolContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }

    @Nested
    class InWorkspace extends WorkspaceContract {
        @Override
        protected BackendUnderTest target() {
            return ContractSuite.this;
        }
    }
}
