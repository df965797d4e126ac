namespace Espalier.Tests;

public class SkeletonTests
{
    [Fact]
    public void Works() => Assert.True(true);
}
