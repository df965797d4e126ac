using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Memory;

public class DeviceSpanTests
{
    [Fact]
    public void Slice_WithinTheSpan_CountsInElements()
        => Assert.Equal(new DeviceSpan<float>(1012, 4), new DeviceSpan<float>(1000, 10).Slice(3, 4));

    [Fact]
    public void Slice_NothingAtTheEnd_IsEmpty()
        => Assert.True(new DeviceSpan<float>(1000, 10).Slice(10, 0).IsEmpty);

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(2, -1)]
    [InlineData(11, 0)]
    [InlineData(8, 3)]
    [InlineData(long.MaxValue, 2)]
    [InlineData(2, long.MaxValue)]
    public void Slice_OutsideTheSpan_Throws(long start, long length)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new DeviceSpan<float>(1000, 10).Slice(start, length));
}
